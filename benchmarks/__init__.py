"""Figures, each as a ratio against a named peer or a bound, from real processes on this machine."""
