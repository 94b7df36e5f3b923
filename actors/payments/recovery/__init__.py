"""Recovery: what happens to a debt from the first failed debit until it is paid, or given up."""
