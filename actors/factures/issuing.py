"""Issuing: check, file, number and seal.

Files are made before anything is locked, under the numbers that are next in line. The transaction then locks the
counter: when somebody else took a number meanwhile, the files are made again under the lock, so that a number and its
seal always commit together and no number is ever lost.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.factures import views
from actors.factures.accounts import Reading, known_account, must_be_sent
from actors.factures.drafting import Parties, may_not_be_charged, sells_nothing
from actors.factures.facturx import rendered
from actors.factures.facturx.pool import POOL
from actors.factures.facturx.rendered import Rendered
from actors.factures.facturx.sheet import Sheet
from actors.factures.rules import checks, invoices, numbering, settlements
from actors.factures.rules.closings import fiscal_year_end
from actors.factures.rules.seals import SealedContent, seal_hash
from actors.factures.sheets import Mandate, Printing, sheet_of
from messages.clients import ClientSnapshot
from messages.factures import (
    Channel,
    DocumentKind,
    FileFormat,
    Finding,
    PaymentMethod,
    TransmissionStatus,
)
from messages.identity import CompanySnapshot
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import rendition, seal
from storage.shared.statements import Statement


class ReadingConnection:
    """A worker's read-only connection as `Reading`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, statement: Statement, **values: Any) -> list[Row]:
        """All rows of a prepared statement."""
        return await self._connection.fetch(statement.sql, *statement.arguments(values))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Series:
    """A company's series, and its counters by year as they were read."""

    id: UUID
    pattern: str
    prefix: str
    last: dict[int, int]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that issuing documents of one company needs to know."""

    organisation_id: UUID
    company_id: UUID
    company: CompanySnapshot
    settings: Row
    clients: dict[UUID, ClientSnapshot]
    mandates: Sequence[Row]
    series: dict[str, Series]
    """By the series' code; kinds may share one."""
    printing: Printing
    account: Row | None
    """The company's account at a platform."""

    def sheet(self, row: Row, number: str, issue_date: date) -> Sheet:
        """The sheet of a draft."""
        parties = Parties(self.company, self.settings, self.clients[row["client_id"]])
        return sheet_of(row, parties, self._mandate(row), self.printing, number=number, issue_date=issue_date)

    def _mandate(self, row: Row) -> Mandate | None:
        """The mandate of the contract, else a mandate of the client that is bound to no contract."""
        if row["payment_method"] != PaymentMethod.SEPA_DIRECT_DEBIT:
            return None
        fitting = [
            found
            for found in self.mandates
            if found["client_id"] == row["client_id"] and found["contract_id"] in (None, row["contract_id"])
        ]
        best = min(fitting, key=lambda found: found["contract_id"] is None, default=None)
        return Mandate(best["rum"], best["creditor_identifier"]) if best else None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft that passed all checks, with its files under the number it should get."""

    row: Row
    sheet: Sheet
    sequence: int
    files: Rendered


@dataclass(frozen=True, slots=True)
class Preparation:
    """What may be issued, and what may not and why."""

    desk: Desk
    issue_date: date
    issued_at: datetime
    ready: tuple[Prepared, ...]
    refused: tuple[tuple[UUID, tuple[Finding, ...]], ...]


async def desk_of(organisation_id: UUID, company_id: UUID, rows: Sequence[Row], reading: Reading) -> Desk:
    """Read what issuing these drafts of one company needs."""
    scope = {"organisation_id": organisation_id}
    (company,) = await reading.fetch(queries.COMPANY, **scope, company_id=company_id)
    ids = list({row["client_id"] for row in rows})
    clients = await reading.fetch(queries.CLIENTS, **scope, ids=ids)
    by_debit = any(row["payment_method"] == PaymentMethod.SEPA_DIRECT_DEBIT for row in rows)
    mandates = await reading.fetch(queries.MANDATES, **scope, company_id=company_id, ids=ids) if by_debit else []
    logo = await _logo(company, scope, reading)
    series = await reading.fetch(queries.SERIES, **scope, company_id=company_id)
    counters = await reading.fetch(queries.COUNTERS, **scope, ids=[found["id"] for found in series])
    return Desk(
        organisation_id,
        company_id,
        CompanySnapshot.model_validate(company["snapshot"]),
        company,
        {found["client_id"]: ClientSnapshot.model_validate(found["snapshot"]) for found in clients},
        mandates,
        {code: _series(code, series, counters) for code in set(numbering.SERIES.values())},
        Printing(logo, await entered_rates(organisation_id, reading)),
        await known_account(company_id, organisation_id, reading),
    )


async def entered_rates(organisation_id: UUID, reading: Reading) -> dict[str, Decimal]:
    """The central bank's rates that a person entered, by semester."""
    rows = await reading.fetch(queries.LATE_INTEREST_RATES, organisation_id=organisation_id)
    return {row["semester"]: row["ecb_rate"] for row in rows}


async def _logo(settings: Row, scope: dict[str, UUID], reading: Reading) -> bytes | None:
    if settings["logo_sha256"] is None or not settings["show_logo"]:
        return None
    found = {"company_id": settings["company_id"], "sha256": settings["logo_sha256"]}
    (row,) = await reading.fetch(queries.LOGO, **scope, **found)
    return bytes(row["png"])


def _series(code: str, series: Sequence[Row], counters: Sequence[Row]) -> Series:
    found = next(row for row in series if row["code"] == code)
    last = {row["year"]: row["last_seq"] for row in counters if row["series_id"] == found["id"]}
    return Series(found["id"], found["pattern"], found["prefix"], last)


_BLOCKED = Finding(rule="CLIENT_BLOCKED", path="client_id", message="the client is blocked or deceased; unblock him")
_ARCHIVED = Finding(rule="COMPANY_ARCHIVED", path="company_id", message="the company is archived; discard the draft")


async def prepare(desk: Desk, rows: Sequence[Row], issue_date: date, issued_at: datetime) -> Preparation:
    """Check the drafts and make the files of those that pass, under the next numbers."""
    passed, refused = [], []
    for row in rows:
        found = checks.findings(desk.sheet(row, _number(desk, row, issue_date, 1), issue_date))
        if not DocumentKind(row["kind"]).gives_back:
            found += [_BLOCKED] if may_not_be_charged(desk.clients[row["client_id"]]) else []
            found += [_ARCHIVED] if sells_nothing(desk.company) else []
        if found:
            refused.append((row["id"], tuple(found)))
        else:
            passed.append(row)
    numbered = _numbered(
        desk, passed, issue_date, {code: found.last.get(issue_date.year, 0) for code, found in desk.series.items()}
    )
    files = await POOL.render([sheet for _, sheet, _ in numbered], issued_at)
    ready = []
    for (row, sheet, sequence), made in zip(numbered, files, strict=True):
        if made.errors:
            refused.append((row["id"], official_findings(made.errors)))
        else:
            ready.append(Prepared(row, sheet, sequence, made))
    return Preparation(desk, issue_date, issued_at, tuple(ready), tuple(refused))


def official_findings(errors: Sequence[tuple[str, str]]) -> tuple[Finding, ...]:
    """What schema and Schematron say, as findings."""
    return tuple(Finding(rule=rule, path="xml", message=message) for rule, message in errors)


async def seal_all(preparation: Preparation, work: UnitOfWork) -> list[dict[str, Any]]:
    """Number, seal and store what is ready, in the transaction of `work`; the rows as issued.

    The rows must be locked and still drafts. Locks: counters by series code, then the company's seal head.
    """
    desk, on = preparation.desk, preparation.issue_date
    if not preparation.ready:
        return []
    last = {}
    for code in sorted({_code(item.row) for item in preparation.ready}):
        last[code] = await _lock_counter(desk.series[code], on, work)
    ready = await _under_final_numbers(preparation, last)
    head = await work.load(
        queries.LOCK_SEAL_HEAD, "seal chain", organisation_id=desk.organisation_id, company_id=desk.company_id
    )
    issued = _sealed(ready, preparation, head, work)
    await _store(issued, ready, preparation, work)
    for code in last:
        sequence = max(item.sequence for item in ready if _code(item.row) == code)
        await work.execute(
            queries.MOVE_COUNTER, series=desk.series[code].id, of_year=on.year, seq=sequence, issue_date=on
        )
    return issued


async def _lock_counter(series: Series, on: date, work: UnitOfWork) -> int:
    await work.execute(queries.ADD_COUNTER, organisation_id=work.organisation_id, series_id=series.id, year=on.year)
    counter = await work.load(queries.LOCK_COUNTER, "counter", series_id=series.id, year=on.year)
    last_date = await work.fetch_value(queries.LAST_DATE, series_id=series.id)
    numbering.check_chronology(on, today=work.today(), last_issue_date=last_date)
    return int(counter["last_seq"])


async def _under_final_numbers(preparation: Preparation, last: dict[str, int]) -> list[Prepared]:
    """The prepared documents under the numbers that are really next; made again where they differ."""
    desk, on = preparation.desk, preparation.issue_date
    numbered = _numbered(desk, [item.row for item in preparation.ready], on, last)
    moved = [index for index, (_, _, sequence) in enumerate(numbered) if sequence != preparation.ready[index].sequence]
    # Only the number differs from what passed all rules, so the schema alone is asked while the counter is locked.
    remade = await POOL.render([numbered[index][1] for index in moved], preparation.issued_at, rules=False)
    files = [item.files for item in preparation.ready]
    for index, made in zip(moved, remade, strict=True):
        files[index] = made
    if any(made.errors for made in files):
        raise RuntimeError("a document became invalid under its final number")
    return [Prepared(row, sheet, sequence, made) for (row, sheet, sequence), made in zip(numbered, files, strict=True)]


def _numbered(desk: Desk, rows: Sequence[Row], on: date, last: dict[str, int]) -> list[tuple[Row, Sheet, int]]:
    taken = dict(last)
    numbered = []
    for row in rows:
        code = _code(row)
        taken[code] += 1
        numbered.append((row, desk.sheet(row, _number(desk, row, on, taken[code]), on), taken[code]))
    return numbered


def _number(desk: Desk, row: Row, on: date, sequence: int) -> str:
    series = desk.series[_code(row)]
    return numbering.formatted(series.pattern, series.prefix, on, sequence)


def _code(row: Row) -> str:
    return numbering.SERIES[DocumentKind(row["kind"])]


def _sealed(ready: Sequence[Prepared], preparation: Preparation, head: Row, work: UnitOfWork) -> list[dict[str, Any]]:
    """The rows as issued, each with its link of the chain under `seal`."""
    sequence, previous = int(head["last_seq"]), str(head["last_hash"])
    issued = []
    for item in ready:
        sequence += 1
        canonical = _content(item, preparation, sequence).canonical()
        found = seal_hash(previous, canonical)
        link = {"chain_seq": sequence, "canonical": canonical, "prev_hash": previous, "seal_hash": found}
        issued.append({**item.row, **_issued_columns(item, preparation, work), "seal_hash": found, "link": link})
        previous = found
    return issued


def _content(item: Prepared, preparation: Preparation, sequence: int) -> SealedContent:
    row, sheet = item.row, item.sheet
    return SealedContent(
        company_id=row["company_id"],
        seq=sequence,
        document_id=row["id"],
        number=sheet.number,
        type_code=sheet.type_code,
        issue_date=sheet.issue_date,
        issued_at=preparation.issued_at,
        currency=sheet.currency,
        client_id=row["client_id"],
        net=row["net"],
        vat=row["vat"],
        gross=row["gross"],
        due=row["due"],
        breakdown=views.breakdown_of(row),
        preceding=[found.number for found in sheet.preceding],
        xml_sha256=item.files.xml_sha256,
        pdf_sha256=item.files.pdf_sha256,
    )


def _issued_columns(item: Prepared, preparation: Preparation, work: UnitOfWork) -> dict[str, Any]:
    row, sheet, desk, on = item.row, item.sheet, preparation.desk, preparation.issue_date
    kind = DocumentKind(row["kind"])
    standing = settlements.standing(kind, row["due"], row["settled"], row["credited"])
    transmission = transmission_status(row, desk.account, on)
    return {
        "number": sheet.number,
        "series_id": desk.series[_code(row)].id,
        "series_year": on.year,
        "series_seq": item.sequence,
        "status": invoices.after("issue", row["status"]),
        "settlement_status": standing.status,
        "outstanding": standing.outstanding,
        "issue_date": on,
        "issued_at": preparation.issued_at,
        "issued_by": work.caller.principal,
        "due_date": sheet.due_date,
        "vat_due_code": sheet.vat_due_code,
        "transmission_status": transmission,
        "channel": Channel.PLATFORM if transmission is TransmissionStatus.QUEUED else row["channel"],
        "mandate_reference": sheet.payment.mandate_reference if sheet.payment else None,
        "creditor_id": sheet.payment.creditor_id if sheet.payment else None,
        "seller": _snapshot(sheet.seller),
        "buyer": _snapshot(sheet.buyer),
        "settings_version": desk.settings["settings_version"],
        "fiscal_year_end": fiscal_year_end(desk.company.fiscal_year_end, on),
        "version": row["version"] + 1,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
    }


def transmission_status(row: Row, account: Row | None, on: date) -> TransmissionStatus:
    """Whether a document waits for the platform from its issue on."""
    if must_be_sent(row, account, on):
        return TransmissionStatus.QUEUED
    return TransmissionStatus.NONE if account is None else TransmissionStatus.NOT_REQUIRED


def _snapshot(party: Any) -> dict[str, Any]:
    fields = asdict(party)
    fields["address"] = party.address.model_dump(mode="json") if party.address else None
    return fields


async def _store(
    issued: Sequence[dict[str, Any]], ready: Sequence[Prepared], preparation: Preparation, work: UnitOfWork
) -> None:
    await work.connection.executemany(
        queries.ISSUE.sql,
        [
            queries.ISSUE.arguments(
                {"invoice_id": row["id"]} | {name: row[name.removeprefix("new_")] for name in queries.ISSUE.names[:-1]}
            )
            for row in issued
        ],
    )
    files = [found for item in ready for found in _files(item, preparation)]
    await work.insert_rows(rendition, files)
    common = {"organisation_id": work.organisation_id, "company_id": preparation.desk.company_id}
    await work.insert_rows(
        seal,
        [common | {"invoice_id": row["id"], "sealed_at": preparation.issued_at} | row["link"] for row in issued],
    )
    last = issued[-1]["link"]
    await work.execute(
        queries.MOVE_SEAL_HEAD,
        organisation=work.organisation_id,
        company=preparation.desk.company_id,
        seq=last["chain_seq"],
        hash=last["seal_hash"],
    )
    for row in issued:
        work.record("invoice", row["id"], after={"status": row["status"], "number": row["number"]})


def _files(item: Prepared, preparation: Preparation) -> list[dict[str, Any]]:
    made = item.files
    pairs = (
        (FileFormat.FACTURX_PDF, made.pdf, made.pdf_sha256),
        (FileFormat.CII_XML, made.xml, made.xml_sha256),
    )
    return [
        {
            "invoice_id": item.row["id"],
            "organisation_id": preparation.desk.organisation_id,
            "format": format_,
            "profile": item.sheet.profile,
            "bytes": content,
            "sha256": sha256,
            "size": len(content),
            "page_count": made.page_count,
            "engine": rendered.ENGINE,
            "template_version": rendered.TEMPLATE_VERSION,
            "produced_at": preparation.issued_at,
        }
        for format_, content, sha256 in pairs
    ]
