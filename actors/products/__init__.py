"""products: what is sold, in which version, to whom and at which price."""
