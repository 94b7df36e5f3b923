"""The pure rules of contrats: no I/O, no clock; each is tested by itself."""
