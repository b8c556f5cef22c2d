"""The tracked job: its table, its states, its progress, its owner's view of it. Knows neither accounts nor an engine."""
