"""Queries and writes → SQL: what every engine shares, and what those with types of their own do."""
