"""The commands of `sopc`, by what they work on: sources, stored scripts, the library, a new folder."""
