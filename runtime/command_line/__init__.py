"""The command `crm`: run, look at and operate the system."""
