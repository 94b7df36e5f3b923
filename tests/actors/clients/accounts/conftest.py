"""Here payments runs beside clients: what other tests state in its name it would state once more."""

from tests.harness import system_of

running = system_of("identity", "clients", "documents", "payments")
