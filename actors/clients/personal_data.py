"""What clients keeps of a client: his file. Invoices and contracts keep their own legal copies, so nothing here must stay."""

from typing import Final

from sqlalchemy import ARRAY, Text, case, cast, select, true

from actors.clients.anonymisation import BLANK, ERASED_NAME, anonymise
from messages.clients import ClientType, ErasureGround
from runtime.privacy import Anonymise, Delete, PersonalData, Subject, by_id, by_trace
from runtime.unit_of_work import UnitOfWork
from storage.clients.search import client_word, word_trigram
from storage.clients.tables import (
    address,
    bank_details_ref,
    client,
    consent,
    contact_person,
    contact_point,
    document_ref,
    duplicate_pair,
    export_job,
    import_row,
    merge_operation,
    status_history,
    timeline_entry,
)

_STATE: Final = frozenset({"record_state", "tags", "custom"})
"""The state changes with the event that states it; tags and custom fields go in every case."""

PERSONAL_DATA: Final = (
    PersonalData(contact_point, by_id(contact_point.c.client_id), Delete(), "reaching the client"),
    PersonalData(address, by_id(address.c.client_id), Delete(), "billing and delivery"),
    PersonalData(contact_person, by_id(contact_person.c.client_id), Delete(), "people of the client"),
    PersonalData(bank_details_ref, by_id(bank_details_ref.c.client_id), Delete(), "masked account, shown in the file"),
    PersonalData(document_ref, by_id(document_ref.c.client_id), Delete(), "documents, shown in the file"),
    PersonalData(consent, by_id(consent.c.client_id), Delete(), "permission to contact", at_once=True),
    PersonalData(
        duplicate_pair,
        by_id(duplicate_pair.c.client_a_id, duplicate_pair.c.client_b_id),
        Delete(),
        "finding duplicates",
    ),
    PersonalData(
        merge_operation, by_id(merge_operation.c.survivor_id, merge_operation.c.merged_id), Delete(), "undoing a merge"
    ),
    PersonalData(
        import_row, by_id(import_row.c.client_id), Anonymise({"raw": "", "errors": []}), "line of the imported file"
    ),
    PersonalData(export_job, by_trace(export_job.c.filters), Anonymise({"filters": {}}), "what was searched for"),
    PersonalData(
        status_history,
        by_id(status_history.c.client_id),
        Anonymise({"reason": None}),
        "why the status changed",
        at_once=True,
    ),
    PersonalData(timeline_entry, by_id(timeline_entry.c.client_id), Anonymise({"params": {}}), "history of the client"),
    PersonalData(
        client,
        by_id(client.c.id),
        Anonymise({"tags": cast([], ARRAY(Text)), "custom": {}}),
        "marketing",
        entity="client_marketing",
        at_once=True,
    ),
    PersonalData(
        client,
        by_id(client.c.id),
        Anonymise(
            {name: value for name, value in BLANK.items() if name not in _STATE}
            | {"legal_name": case((client.c.type != ClientType.INDIVIDUAL, ERASED_NAME), else_=None)}
        ),
        "identity of the client",
        encrypted={"birth_date": "PII"},
    ),
    PersonalData(client_word, by_id(client_word.c.client_id), Delete(), "search"),
    PersonalData(
        word_trigram,
        lambda subject: true(),
        Delete(),
        "search: words that no client has any more",
        where=~select(client_word.c.word)
        .where(
            client_word.c.organisation_id == word_trigram.c.organisation_id, client_word.c.word == word_trigram.c.word
        )
        .exists(),
    ),
)


async def state_anonymised(subject: Subject, work: UnitOfWork) -> None:
    """Say that nothing personal is left of the client."""
    survivor = subject.ids[0]
    if await work.fetch_value(select(client.c.id).where(client.c.id == survivor)) is not None:
        await anonymise(work, survivor, ErasureGround.PRIVACY_REQUEST)
