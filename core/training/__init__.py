"""The training loop and what it keeps: checkpoints, averages, logs."""
