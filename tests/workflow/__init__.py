"""What a program goes through before it is stored, whichever door its text came in by."""
