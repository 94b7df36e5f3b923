"""Pure rules of commercial: periods, amounts, plan choice, clawbacks, settlement and the content of statements."""
