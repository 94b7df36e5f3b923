"""identity: who may do what in which organisation."""
