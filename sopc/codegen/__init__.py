"""Typed program → basic blocks → flat register code."""
