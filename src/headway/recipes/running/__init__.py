"""What a child process does with a recipe: run it over all rows, or over a sample of them."""
