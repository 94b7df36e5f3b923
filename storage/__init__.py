"""What the actors keep: the tables every actor's database has (`storage.shared`), and one package per actor."""
