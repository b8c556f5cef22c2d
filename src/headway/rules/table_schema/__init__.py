"""Frictionless Table Schema as rules, and rules as Table Schema; a note names everything that has no equal."""
