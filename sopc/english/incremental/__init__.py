"""An old and a new translation of a text → which sentences stayed and whose steps did not, and the new one with the old
steps of those put back."""
