"""A linked program and databases → steps carried out, one frame a script call."""
