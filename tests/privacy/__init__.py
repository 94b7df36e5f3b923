"""A person's data in all twelve actors: found, handed out, erased."""
