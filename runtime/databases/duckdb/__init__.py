"""A DuckDB file, or a folder of files, ↔ the Database protocol."""
