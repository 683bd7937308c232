"""Text data: loading, splitting, describing and batching."""
