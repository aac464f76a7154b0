"""Typed tree → basic blocks → flat register code."""
