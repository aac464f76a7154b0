"""A workflow → its script, by a model behind OpenAI's API: asked under a grammar, checked, repaired a bounded number of
times."""
