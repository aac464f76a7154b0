"""The commands of `sopc`, by what they work on: sources, compiled scripts, the library, a new folder."""
