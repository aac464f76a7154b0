"""A model on this machine: downloads, stores and serves its file, so that English compiles without key and service."""
