"""What engagement hears from the other actors, by what it does with it."""
