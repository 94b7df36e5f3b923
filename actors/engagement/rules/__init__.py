"""Pure rules of engagement."""
