"""The published language of the twelve actors: requests, replies and events, the only thing they share.

One module per actor. A class derives its subject, permission and event type from its own name, so nothing is typed twice.
"""
