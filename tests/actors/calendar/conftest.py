"""Only the actors these tests are about run; the facts of others are stated by the tests."""

from tests.harness import system_of

running = system_of("identity", "products", "documents", "calendar")
