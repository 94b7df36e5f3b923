"""The outside world of mail: how a message is built, handed to a relay, and caught in development."""
