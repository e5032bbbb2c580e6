"""Weights folders of config.json and safetensors, checked before they are loaded."""
