"""activites: what happened with a client, and what must be done next."""
