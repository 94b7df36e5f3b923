"""factures: what is owed becomes numbered, sealed, archived and paid documents."""
