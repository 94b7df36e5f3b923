"""logistics: letters on paper, and what proves that they were sent."""
