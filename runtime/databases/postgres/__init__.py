"""A PostgreSQL schema ↔ the Database protocol."""
