"""How a signed contract changes: versions of what was agreed, amendments, indexation."""
