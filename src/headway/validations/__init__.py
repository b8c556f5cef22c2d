"""Validations: a job checks a dataset by a rule set, and reports what it found."""
