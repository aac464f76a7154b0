"""The commands of `sopvm`, one module each."""
