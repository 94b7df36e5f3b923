"""How a contract comes to its end."""
