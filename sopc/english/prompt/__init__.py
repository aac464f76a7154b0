"""A task → the messages that a model is asked with: all that leaves, and nothing else."""
