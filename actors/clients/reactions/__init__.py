"""What clients hears from the other actors."""
