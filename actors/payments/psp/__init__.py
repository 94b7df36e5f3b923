"""Payment service providers: one port, an adapter and a simulator for each."""
