"""The language's grammar and the names that exist → a grammar that a model's reply is decoded under."""
