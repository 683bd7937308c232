"""What `fit` needs besides the algorithm: devices, precision, time budget, checkpoints and resuming."""
