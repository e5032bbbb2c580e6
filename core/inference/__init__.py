"""A colorizer at work on a picture: sizes, stripes, tiles, fast copies."""
