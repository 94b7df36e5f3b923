"""Requests of engagement, by aggregate."""
