"""Libraries of released versions, and the output of their scripts: each later version opens and runs them."""
