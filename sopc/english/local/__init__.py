"""A model on this machine: its file fetched, kept and served, so that English compiles with no key and no service."""
