"""DSL text ↔ tree."""
