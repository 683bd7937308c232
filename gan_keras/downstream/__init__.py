"""What generated data are worth as training data."""
