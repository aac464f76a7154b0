"""Measurements, one file per question; `python -m benchmarks [question …]` runs them and prints a table."""
