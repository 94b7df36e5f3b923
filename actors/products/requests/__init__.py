"""Requests of products, by aggregate."""
