"""The pure rules of invoicing: amounts, VAT, mentions, numbers, seals, settlement."""
