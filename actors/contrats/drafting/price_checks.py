"""Slow work: ask products again for the quote of a draft that was made while products was down."""

from uuid import UUID

from actors.contrats.contract_record import find
from actors.contrats.requests.signature import apply_quote
from messages.contrats import ContractStatus, ContractUpdated, PriceCheck
from messages.problem import Refused
from messages.products import GetPriceQuote, PriceQuote
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside


class CheckPrice(WorkItem):
    """The quote of one draft is to be asked for."""

    contract_id: UUID
    quote_id: UUID


async def ask_quote(item: CheckPrice, outside: Outside) -> PriceQuote | None:
    """The quote, or None while products cannot be reached; the next minute asks again."""
    try:
        return await outside.ask(GetPriceQuote(quote_id=item.quote_id))
    except Refused as refused:
        if refused.code.retriable:
            return None
        raise


async def price_checked(item: CheckPrice, quote: PriceQuote | None, work: UnitOfWork) -> None:
    """The draft is verified, or its quote can no longer be used."""
    record = await find(item.contract_id, work)
    if quote is None or record is None or record.status is not ContractStatus.DRAFT:
        return
    if record["price_check"] != PriceCheck.UNVERIFIED or record["price_quote_ids"] != [item.quote_id]:
        return
    try:
        await apply_quote(record, quote)
    except Refused:
        record.set(price_check=PriceCheck.EXPIRED)
    record.state(ContractUpdated, changed_fields=("lines",))
    await record.save()


async def quote_unknown(item: CheckPrice, error: Exception, work: UnitOfWork) -> None:
    """products does not know the quote: the draft needs another one."""
    record = await find(item.contract_id, work)
    if record is not None and record["price_check"] == PriceCheck.UNVERIFIED:
        record.set(price_check=PriceCheck.EXPIRED)
        await record.save()
