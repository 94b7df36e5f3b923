"""The bank beside payments: files out, files in, how they travel, and a simulated bank that answers them."""
