"""Rule sets: what the rows of a dataset have to be like. Stored, named, versioned, and used again."""
