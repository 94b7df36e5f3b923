"""What commercial hears from the other actors."""
