"""The service behind the contract: the gates before it, the orders to its providers, and their effects."""
