"""Files that a job leaves for its owner: what it made, found or wants to show, each with its size and digest."""
