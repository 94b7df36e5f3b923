"""What factures hears from the other actors."""
