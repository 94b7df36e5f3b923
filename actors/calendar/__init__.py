"""calendar: the single source for when a debit is collected."""
