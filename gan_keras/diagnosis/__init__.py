"""What the curves of a training tell."""
