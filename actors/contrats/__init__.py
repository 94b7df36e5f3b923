"""contrats: the agreement between a client and a company, from the draft to its end."""
