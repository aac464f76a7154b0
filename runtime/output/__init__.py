"""A run's lines → JSON lines, JSON, server-sent events, CSV or a table."""
