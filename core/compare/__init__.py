"""The comparison: any colorizers on the same pictures, measured alike, with intervals."""
