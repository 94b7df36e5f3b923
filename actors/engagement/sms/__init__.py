"""The operator that carries text messages, and its simulator."""
