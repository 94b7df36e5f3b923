"""The requests of contrats, by what they are about."""
