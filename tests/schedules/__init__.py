"""Scripts that run at certain times."""
