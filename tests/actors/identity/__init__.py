"""identity: people, organisations, rights."""
