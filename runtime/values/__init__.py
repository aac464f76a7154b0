"""Values of the language: their types, arithmetic, conversion and functions."""
