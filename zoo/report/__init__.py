"""What people look at: the sheet of a prepared folder, and the report of a comparison."""
