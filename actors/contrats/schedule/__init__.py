"""What contrats does when time passes."""
