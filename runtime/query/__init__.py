"""Queries and writes as data, and their SQL for an engine."""
