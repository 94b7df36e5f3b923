"""Only the actors these tests are about run; the facts of others are stated by the tests."""

from tests.actors.payments.portal_steps import stripe
from tests.harness import system_of

__all__ = ["running", "stripe"]

running = system_of("identity", "payments")
