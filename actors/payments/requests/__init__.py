"""Requests of payments, by aggregate."""
