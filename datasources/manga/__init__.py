"""The manga crawler: from the address of a series to a folder of coloured pages."""
