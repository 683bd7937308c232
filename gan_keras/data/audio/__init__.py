"""Audio data: loading, splitting, describing and batching."""
