"""The commands of `sopvm`, one module each, and what the commands of both programs share (app, options, tables)."""
