"""Requests about text messages."""

from sqlalchemy import select

from actors.engagement import views
from messages.engagement import ListSms, SmsPage
from runtime.pagination import page
from runtime.unit_of_work import UnitOfWork
from storage.engagement.tables import sms_message


async def list_sms(request: ListSms, work: UnitOfWork) -> SmsPage:
    """A page of text messages."""
    statement = select(sms_message).where(sms_message.c.organisation_id == work.organisation_id)
    if request.client_id is not None:
        statement = statement.where(sms_message.c.client_id == request.client_id)
    if request.status:
        statement = statement.where(sms_message.c.status.in_(request.status))
    return await page(
        work,
        request,
        statement,
        order=(sms_message.c.created_at, sms_message.c.id),
        descending=True,
        reply=SmsPage,
        item=views.sms_of,
    )
