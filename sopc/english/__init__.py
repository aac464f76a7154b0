"""Plain English → DSL text: models, sentence patterns, the lock, and examples."""
