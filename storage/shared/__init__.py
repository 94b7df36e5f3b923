"""The tables and statements that every actor's database has: outbox, inbox position, idempotency, audit, work, keys."""
