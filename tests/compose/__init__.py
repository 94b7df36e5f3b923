"""The Compose projects, what prepares their servers and what watches them."""
