"""Pure rules of logistics."""
