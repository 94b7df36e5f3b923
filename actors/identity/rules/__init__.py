"""Pure rules of identity: no database, no clock, no broker."""
