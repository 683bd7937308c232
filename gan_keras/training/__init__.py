"""What `fit` needs besides the algorithm: devices, precision, time, checkpoints and resuming."""
