"""Syntax tree → an explanation in plain English for people who read no code; it never repeats the author's words."""
