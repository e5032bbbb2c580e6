"""Weights as a folder of config.json and safetensors, checked before they are loaded."""
