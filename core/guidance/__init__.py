"""What guidance does to the predicted chroma of any colorizer."""
