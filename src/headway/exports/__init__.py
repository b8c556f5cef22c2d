"""Datasets as files again: what is asked for, the job that writes it, and the writers of each format."""
