"""The built-in colorizers and metrics, one folder each."""
