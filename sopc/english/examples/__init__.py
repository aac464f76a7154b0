"""The Examples section of a workflow → runs of its program in scratch databases, and where they differ from what the
author expects."""
