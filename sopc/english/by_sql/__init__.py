"""A sentence → steps, by a model on this machine that is asked for one SQL statement: small models know SQL."""
