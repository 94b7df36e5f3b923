"""What identity answers, by aggregate."""
