"""Requests of commercial."""
