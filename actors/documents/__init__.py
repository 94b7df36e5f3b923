"""documents: the only place where bytes live, with what they are linked to and how long they stay."""
