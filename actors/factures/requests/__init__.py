"""Requests of factures, by what they are about."""
