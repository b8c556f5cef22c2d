"""Two tables become one, or are compared. Runs inside the sandbox only."""
