"""Experiments that break Headway on purpose, and a checker that says whether a promise was broken with it."""
