"""Who is calling: users, passwords, tokens, browser sessions, and the dependencies that turn them into an actor."""
