"""The job engine behind the port of `jobs/runner.py`, and the proof that its workers live."""
