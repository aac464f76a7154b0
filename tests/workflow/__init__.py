"""What a program goes through before it is stored, the same for every entry."""
