"""The tree → the typed program: what names mean, types, effects and flow."""
