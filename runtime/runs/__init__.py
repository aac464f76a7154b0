"""A script, arguments and databases → one run: linked, split into segments, streamed to its end line."""
