"""The signature provider Yousign (API v3): its dialect, its webhooks' signature, and a simulator of its side."""
