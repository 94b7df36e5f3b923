"""PayPal: its dialect, its webhooks' signature, and a simulator of its side."""
