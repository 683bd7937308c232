"""Image data: loading, splitting, describing and batching."""
