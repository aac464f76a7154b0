"""A program's tree → the program said in plain English, for readers of no code; never an echo of its author's words."""
