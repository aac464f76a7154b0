"""The tree: its nodes, what their names mean, their types and effects."""
