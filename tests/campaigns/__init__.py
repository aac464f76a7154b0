"""Searches too long for the normal suite: `python -m tests.campaigns.NAME --seed S --cases N`. The suite runs 1 % of
each."""
