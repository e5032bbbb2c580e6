"""Long work that the command line starts, callable from Python."""
