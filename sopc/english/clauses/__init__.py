"""A sentence of a workflow that no pattern row reads → its steps, clause by clause."""
