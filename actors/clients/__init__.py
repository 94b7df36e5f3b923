"""clients: who the tenant does business with, and where each client stands."""
