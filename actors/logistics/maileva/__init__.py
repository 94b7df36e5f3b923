"""The postal provider Maileva: its dialect, the client that speaks it, and a simulator of its side."""
