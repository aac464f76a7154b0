"""Libraries kept from released versions, and what their scripts gave: each later version opens and runs them."""
