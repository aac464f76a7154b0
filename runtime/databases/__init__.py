"""Queries and rows ↔ real databases: one small protocol, one engine a file."""
