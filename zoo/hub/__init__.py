"""Weights by name: embedded, in catalogues of plugins, and on the Hugging Face Hub."""
