"""A workflow → its script, by a model with OpenAI's API: decoded under a grammar, checked, repaired a few times."""
