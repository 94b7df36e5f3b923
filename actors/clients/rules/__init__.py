"""Pure rules of clients: names, the status machine, likeness of two records, balances."""
