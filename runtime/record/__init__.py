"""Recording sessions: steps done one by one → a script."""
