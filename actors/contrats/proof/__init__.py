"""The proof of a signature: a file of its own, stored by documents before the contract counts as signed."""
