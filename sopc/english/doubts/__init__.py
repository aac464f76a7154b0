"""A text and a program for it → doubts: what the text says and the program does not, and the reverse."""
