"""Data files ↔ rows: CSV, NDJSON and Parquet."""
