"""One module for each family of file formats, found by content."""
