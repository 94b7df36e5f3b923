"""What documents hears, by what follows from it."""
