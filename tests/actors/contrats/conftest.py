"""contrats among the neighbours it asks; the real payments and factures do not answer what a test states for them."""

from tests.harness import system_of

running = system_of("identity", "clients", "products", "documents", "contrats")
