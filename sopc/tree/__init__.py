"""The syntax tree: its nodes, and ways to walk and change it."""
