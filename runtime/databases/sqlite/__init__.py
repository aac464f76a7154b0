"""A SQLite file ↔ the Database protocol."""
