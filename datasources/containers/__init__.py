"""The built-in containers, one module a format, each imported when a file of its kind is opened."""
