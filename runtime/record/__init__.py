"""Recording sessions: steps taken one by one → a script."""
