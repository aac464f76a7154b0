"""Runs that are kept: what survives, and what it takes."""
