"""Requests of activites, by aggregate."""
