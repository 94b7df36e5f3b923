"""What requests, reactions and jobs of commercial share: load, decide by the rules, store, emit."""
