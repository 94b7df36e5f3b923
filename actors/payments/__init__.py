"""payments: collection, mandates, bank files."""
