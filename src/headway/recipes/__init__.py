"""Datasets made of datasets: recipes of steps, looked at on a sample, run as jobs, kept and run again."""
