"""What a run has to say → JSON lines, CSV, JSON or a table."""
