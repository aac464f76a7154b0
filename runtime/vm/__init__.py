"""A linked program and databases → its execution, one frame a script call."""
