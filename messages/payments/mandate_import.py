"""Mandates that were signed before this system kept them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from messages.base import Request
from messages.errors import ALREADY_EXISTS
from messages.payments.means import Mandate
from messages.payments.vocabulary import FirstCollection, MandateScheme
from messages.values.companies import SepaCreditorId

MANDATE_REFERENCE_TAKEN = ALREADY_EXISTS.specific(
    "MANDATE_REFERENCE_TAKEN", "Référence de mandat déjà prise", "Mandate reference taken"
)


class ImportMandate(Request[Mandate], permission="payments:mandate:write"):
    """Record a mandate that the debtor signed elsewhere; his account is imported before, with upsert_bank_details_by_external_id.

    References are kept in capitals: a mandate is known by its reference whatever its case. One that no debit was presented under
    for 36 months has expired. The same mandate again is answered as it is; the reference of another one is
    MANDATE_REFERENCE_TAKEN.
    """

    company_id: UUID
    client_id: UUID
    contract_id: UUID | None = None
    bank_details_id: UUID
    rum: Annotated[str, Field(min_length=1, max_length=35)]
    scheme: MandateScheme = MandateScheme.SEPA_CORE
    signed_on: date
    last_presented_on: date | None = None
    creditor_identifier: SepaCreditorId | None = Field(default=None, description="left out: the company's own")
    first_collection_state: FirstCollection = FirstCollection.FRST_DONE
    document_id: UUID | None = None
