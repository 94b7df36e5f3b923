"""Requests of calendar, by what they are about."""
