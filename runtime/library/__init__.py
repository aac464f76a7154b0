"""Scripts by name and version ↔ an LMDB file."""
