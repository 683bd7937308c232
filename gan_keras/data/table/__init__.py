"""Table data: loading, splitting, describing and batching."""
