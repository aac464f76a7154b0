"""The Examples section of a workflow → runs of its program in scratch databases, and differences from expectations."""
