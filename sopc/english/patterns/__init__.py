"""Plain English by sentence patterns, without a model: numbered sentences → a script's tree, or what is not understood.

tokens → matcher (rows of patterns in conditions, values, selections, statements) → meanings → tree.
"""
