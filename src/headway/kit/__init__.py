"""What every slice needs and that knows no slice: database, clock, problems, pages, logs, who is calling."""
