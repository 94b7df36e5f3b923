"""What is ordered from the workers about the provider's pages; everybody may order, `checkout` does it."""

from uuid import UUID

from runtime.unit_of_work import UnitOfWork, WorkItem


class OpenCheckout(WorkItem):
    """Have the provider open a page."""

    page_id: UUID


class ReadCheckout(WorkItem):
    """Ask the provider what came of a page. `given_up`: its customer says that he left it unused."""

    page_id: UUID
    given_up: bool = False


def look(work: UnitOfWork, page_id: UUID, *, why: str, given_up: bool = False) -> None:
    """Have a page read soon: after a return, a webhook, or when its time is over. A payment's page has the payment's id."""
    work.order(ReadCheckout(page_id=page_id, given_up=given_up), key=f"{page_id}|{why}")
