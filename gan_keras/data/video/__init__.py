"""Video data: loading, splitting, describing and batching."""
