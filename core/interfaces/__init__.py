"""What a plugin author reads: the interfaces, and nothing else."""
