"""Everything that is not business: how an actor is hosted, speaks, remembers, keeps time, is guarded and is operated."""
