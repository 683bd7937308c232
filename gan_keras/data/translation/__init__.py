"""Translation data: loading, splitting, describing and batching."""
