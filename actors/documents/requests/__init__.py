"""What documents answers, by use case."""
