"""What contrats hears from the other actors."""
