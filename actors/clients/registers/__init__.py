"""Public registers over HTTP: companies, VAT numbers, addresses; and the simulator of all three."""
