"""commercial: the sales force and what it earns."""
