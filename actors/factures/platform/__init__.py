"""The approved platform (AFNOR XP Z12-013): its port, the HTTP client, life-cycle messages, and a simulator of its side."""
