"""SQL of a dialect → the tree: each statement with the meaning that its dialect gives it, or refused with its place."""
