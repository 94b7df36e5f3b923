"""A client of three weeks: imported, sold to, billed, collected, written to, called; then his contract is over."""

import base64
import csv
import io
import json
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
from nats.js.errors import NotFoundError

from messages.activites import CreateActivity, CreateTask
from messages.base import Event
from messages.contrats import ContractTerminated, GetContract
from messages.documents import DocumentType, StoreDocument
from messages.factures import ListInvoices, MarkInvoicePaid
from messages.logistics import CreateLetter
from messages.shared import Party, PartyKind
from messages.values.addresses import Address
from messages.values.identifiers import new_id
from messages.values.instants import format_instant, local_date
from runtime import headers
from runtime.client import Client
from runtime.demo.setting import Demo, at
from runtime.nats_configuration import BUCKETS
from tests.architecture.rules import ROOT

EMAIL = "ariane.vauquelin@example.fr"
HER_STREET = "17 impasse des Mésanges"
PDF = (
    f"%PDF-1.4\n% Ariane Vauquelin-Thorez, {HER_STREET}\n".encode()
    + b"1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)
PERSON = {
    "Nom": "Vauquelin-Thorez",
    "Prenom": "Ariane",
    "Type": "particulier",
    "Email": EMAIL,
    "Telephone": "0698765123",
    "Adresse": HER_STREET,
}
NEEDLES = ("Vauquelin", EMAIL, "+33698765123", "0698765123", "Mésanges", "MESANGES")


def write_examples(folder: Path) -> str:
    """The demo's files with our person first and one client beside her; returns the IBAN."""
    shutil.copytree(ROOT / "examples", folder)
    with (folder / "clients.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    ours, other = rows[0] | PERSON, rows[1]
    with (folder / "clients.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ours), delimiter=";")
        writer.writeheader()
        writer.writerows((ours, other))
    calendar = json.loads((folder / "calendar.json").read_text(encoding="utf-8"))
    calendar |= {"ends_on": "2026-03-20", "rejections": {}}
    (folder / "calendar.json").write_text(json.dumps(calendar), encoding="utf-8")
    return ours["IBAN"].replace(" ", "")


async def keep_in_touch(demo: Demo, client_id: UUID) -> None:
    """A task, a call, an identity card and a letter, all of them telling."""
    name = f"{PERSON['Prenom']} {PERSON['Nom']}"
    await demo.client.call(CreateTask(title=f"Rappeler {name}", description=EMAIL, client_id=client_id))
    await demo.client.call(CreateTask(title="Relire le dossier", client_id=client_id))
    await demo.client.call(
        CreateActivity(
            type_code="NOTE", subject=f"Note sur {name}", comment="habite 17 impasse des Mésanges", client_id=client_id
        )
    )
    pdf = base64.b64encode(PDF).decode()
    stored = await demo.client.call(
        StoreDocument(
            type=DocumentType.OTHER,
            filename=f"{PERSON['Nom']}.pdf",
            title=f"Courrier de {name}",
            content_base64=pdf,
            client_id=client_id,
        ),
        key="privacy-document",
    )
    address = Address(street=PERSON["Adresse"], postal_code="75011", city="Paris")
    await demo.client.call(
        CreateLetter(
            company_id=demo.company_id,
            client_id=client_id,
            recipient=Party(kind=PartyKind.CONSUMER, display_name=name, address=address),
            document_id=stored.document.id,
        ),
        key="privacy-letter",
    )
    await demo.settle()


async def end_contract(demo: Demo, contract_id: UUID, ended_on: date) -> None:
    """contrats states the end; its own delays are no part of this story."""
    contract = await demo.client.call(GetContract(contract_id=contract_id))
    zero = {"amount": "0.00", "currency": "EUR"}
    ended = ContractTerminated.model_validate(
        contract.model_dump()
        | {
            "status": "TERMINATED",
            "ends_on": ended_on,
            "reason_code": "CLIENT_REQUEST",
            "initiated_by": "CLIENT",
            "channel": "ONLINE",
            "received_on": ended_on,
            "months_in_force": 1,
            "fee": zero,
            "credit": zero,
            "legitimate_reason": False,
        }
    )
    await state(demo, ended, version=100, now=at(ended_on, 20))


async def settle_bills(demo: Demo, client_id: UUID) -> None:
    """She pays what is left."""
    for invoice in (await demo.client.call(ListInvoices(client_id=client_id))).items:
        if invoice.outstanding > 0:
            paid = MarkInvoicePaid(invoice_id=invoice.id, on_date=local_date(demo.client.now), method="TRANSFER")
            await demo.client.call(paid, key=f"privacy-{invoice.id}")
    await demo.settle()


async def state(demo: Demo, event: Event, *, version: int, now: datetime) -> None:
    """State a fact over the NATS user of the actor that owns it."""
    installation, owner = demo.system.installation, event.contract.actor
    voice = await Client.connect(installation.nats.url, installation.nats_keys[owner][0], owner)
    organisation_id, event_id = demo.system.organisation_id, str(new_id())
    found = {
        headers.CE_SPEC_VERSION: "1.0",
        headers.CE_ID: event_id,
        headers.CE_TYPE: event.contract.type,
        headers.CE_SOURCE: owner,
        headers.CE_TIME: format_instant(now),
        headers.CE_SUBJECT: str(event.aggregate_id),
        headers.CE_ORGANISATION: str(organisation_id),
        headers.CE_VERSION: str(version),
        headers.CE_CORRELATION: event_id,
        headers.CE_CAUSATION: event_id,
        headers.MESSAGE_ID: event_id,
        headers.TIME: format_instant(now),
    }
    subject = event.contract.subject(organisation_id)
    await voice.connection.jetstream().publish(subject, event.model_dump_json().encode(), headers=found)
    await voice.close()
    await demo.settle()


async def objects_with(demo: Demo, needle: str) -> int:
    """How many messages of the object store's live buckets contain a text."""
    installation, count = demo.system.installation, 0
    user = "provisioner"
    admin = await Client.connect(installation.nats.url, installation.nats_keys[user][0], user)
    stream = admin.connection.jetstream()
    for bucket in BUCKETS:
        state = (await stream.stream_info(bucket.stream)).state
        for sequence in range(max(state.first_seq, 1), state.last_seq + 1):
            with suppress(NotFoundError):
                count += needle.encode() in ((await stream.get_msg(bucket.stream, sequence)).data or b"")
    await admin.close()
    return count


async def where_found(demo: Demo, needles: Sequence[str]) -> dict[str, list[str]]:
    """Every table of the twelve databases whose dump contains one of the texts: actor.table -> texts found."""
    found: dict[str, list[str]] = {}
    installation = demo.system.installation
    for actor in installation.system.actors:
        parts = urlsplit(installation.postgres.admin_url)
        url = urlunsplit(parts._replace(path=f"/{installation.database_of(actor)}"))
        connection = await asyncpg.connect(url)
        try:
            tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
            for (table,) in tables:
                output = io.BytesIO()
                await connection.copy_from_table(table, output=output, schema_name="public")
                texts = _with_bytes_in_clear(output.getvalue().decode())
                hits = [needle for needle in needles if needle.lower() in texts]
                if hits:
                    found[f"{actor}.{table}"] = hits
        finally:
            await connection.close()
    return found


def _with_bytes_in_clear(dump: str) -> str:
    """COPY writes bytea as hexadecimal; message bodies must be searched as text."""
    clear = re.sub(r"\\\\x([0-9a-f]+)", lambda found: bytes.fromhex(found[1]).decode("utf-8", "replace"), dump)
    return clear.lower()
