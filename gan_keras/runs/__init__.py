"""Training in a directory that holds everything a training made."""
