"""Pictures for training and comparison: addresses, packing, preparing, quality, downloads."""
