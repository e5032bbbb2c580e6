"""The server behind `colorzoo serve`: a page and an API over a process for the models."""
