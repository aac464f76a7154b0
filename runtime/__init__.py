"""Bytecode → VM → JSON lines: everything needed to run a compiled script, and nothing of the compiler."""
