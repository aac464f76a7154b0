"""The commands of `sopvm`, one module each, and what `sopc` and `sopvm` share (app, options, rows)."""
