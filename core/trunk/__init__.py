"""A network that already knows what things are, for colorizers to build on and metrics to look through."""
