"""Runs: training in a directory that holds everything a training produces."""
