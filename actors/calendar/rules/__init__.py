"""Pure rules of calendar."""
