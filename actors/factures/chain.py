"""The chain of a company's seals, recomputed from rows and files."""

from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, func, literal, select

from actors.factures import views
from actors.factures.rules.seals import GENESIS, SealedContent, seal_hash
from messages.factures import DocumentKind, FileFormat, SealCheck, SealFinding
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures import queries
from storage.factures.tables import rendition, seal

_SEALS_AT_ONCE = 200


async def check(company_id: UUID, first: int, last: int | None, work: UnitOfWork) -> SealCheck:
    """Recompute the links from `first` to `last`, in order; the first break ends it."""
    checked, expected = 0, first
    previous = await _hash_before(company_id, first, work)
    while True:
        links = await work.fetch(_links(company_id, expected, last, work))
        if not links:
            return SealCheck(valid=True, checked=checked)
        ids = [link["invoice_id"] for link in links]
        scope = {"organisation_id": work.organisation_id}
        rows = {row["id"]: row for row in await work.fetch(queries.INVOICES_BY_ID, **scope, ids=ids)}
        files = await _files(ids, work)
        for link in links:
            row = rows[link["invoice_id"]]
            reason = _broken(link, row, files[row["id"]], expected, previous)
            if reason is not None:
                seq = int(link["chain_seq"])
                return SealCheck(valid=False, checked=checked, broken_at=seq, number=row["number"], reason=reason)
            checked, expected, previous = checked + 1, expected + 1, link["seal_hash"]


def _links(company_id: UUID, first: int, last: int | None, work: UnitOfWork) -> Any:
    statement = select(seal).where(
        seal.c.organisation_id == work.organisation_id, seal.c.company_id == company_id, seal.c.chain_seq >= first
    )
    if last is not None:
        statement = statement.where(seal.c.chain_seq <= last)
    return statement.order_by(seal.c.chain_seq).limit(_SEALS_AT_ONCE)


async def _hash_before(company_id: UUID, first: int, work: UnitOfWork) -> str:
    if first == 1:
        return GENESIS
    statement = select(seal.c.seal_hash).where(
        seal.c.organisation_id == work.organisation_id,
        seal.c.company_id == company_id,
        seal.c.chain_seq == first - 1,
    )
    return str(await work.fetch_value(statement))


async def _files(ids: list[Any], work: UnitOfWork) -> dict[Any, dict[str, Row]]:
    """What was hashed at issue and what the stored bytes hash to now; the database hashes, so that no file travels."""
    found_sha256 = func.encode(func.sha256(rendition.c.bytes), "hex").label("found_sha256")
    statement = select(rendition.c.invoice_id, rendition.c.format, rendition.c.sha256, found_sha256).where(
        rendition.c.organisation_id == work.organisation_id, rendition.c.invoice_id == any_(literal(ids, ARRAY(Uuid)))
    )
    found: dict[Any, dict[str, Row]] = {id_: {} for id_ in ids}
    for row in await work.fetch(statement):
        found[row["invoice_id"]][row["format"]] = row
    return found


def _broken(link: Row, row: Row, files: dict[str, Row], expected: int, previous: str) -> SealFinding | None:
    """The first thing that is wrong with a link, in the order in which it would be noticed."""
    if link["chain_seq"] != expected:
        return SealFinding.GAP
    if link["prev_hash"] != previous:
        return SealFinding.LINK
    if seal_hash(link["prev_hash"], link["canonical"]) != link["seal_hash"]:
        return SealFinding.HASH
    hashes = {}
    for format_, finding in ((FileFormat.CII_XML, SealFinding.XML), (FileFormat.FACTURX_PDF, SealFinding.PDF)):
        file = files.get(format_)
        if file is None or file["found_sha256"] != file["sha256"]:
            return finding
        hashes[format_] = file["sha256"]
    content = SealedContent(
        company_id=row["company_id"],
        seq=expected,
        document_id=row["id"],
        number=row["number"],
        type_code=DocumentKind(row["kind"]).type_code,
        issue_date=row["issue_date"],
        issued_at=row["issued_at"],
        currency="EUR",
        client_id=row["client_id"],
        net=row["net"],
        vat=row["vat"],
        gross=row["gross"],
        due=row["due"],
        breakdown=views.breakdown_of(row),
        preceding=[number for number, _ in views.preceding_of(row)],
        xml_sha256=hashes[FileFormat.CII_XML],
        pdf_sha256=hashes[FileFormat.FACTURX_PDF],
    )
    return None if content.canonical() == link["canonical"] else SealFinding.CONTENT_CHANGED
