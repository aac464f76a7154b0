"""Searches too long for every run: `python -m tests.campaigns.NAME --seed S --cases N`; tests run 1 % of each."""
