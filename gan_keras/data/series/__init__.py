"""Series data: loading, splitting, describing and batching."""
