"""The customer portal: links, what they show, how they are paid."""
