"""Writing a new plugin: templates and what fills them."""
