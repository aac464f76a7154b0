"""Syntax tree → typed program: resolves names, infers types and effects, and checks control flow."""
