"""Serves the built web UI; its sources are in web/."""
