"""Requests of logistics."""
