"""Requests about letters, addresses and carrier accounts."""

from uuid import UUID

from sqlalchemy import select

from actors.logistics import accounts, letters, views
from actors.logistics.rules import addresses
from actors.logistics.rules import letters as rules
from messages.logistics import (
    ALREADY_SUBMITTED,
    CARRIER_ACCOUNT_EXISTS,
    LETTER_NOT_FOUND,
    NO_CARRIER_ACCOUNT,
    PROOF_NOT_YET,
    AddressCheck,
    AddressValidation,
    CancelLetter,
    CarrierAccount,
    CarrierAccountPage,
    CreateCarrierAccount,
    CreateLetter,
    GetLetter,
    GetLetterProof,
    Letter,
    LetterPage,
    LetterProof,
    LetterStatus,
    ListCarrierAccounts,
    ListLetters,
    RetryLetter,
    SubmitLetter,
    ValidateAddress,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.logistics.tables import carrier_account, letter, letter_proof


async def create_letter(request: CreateLetter, work: UnitOfWork) -> Letter:
    """Write a letter; with `submit` it is on its way as soon as its document is readable."""
    if request.submit:
        await _check_account(work)
    fields = request.model_dump(exclude={"recipient", "submit"})
    row = await letters.create(
        letters.LetterDraft(**fields, recipient=addresses.lines_of_party(request.recipient)), work
    )
    assert row is not None  # without source_key nothing was made before
    if request.submit:
        row = await letters.submit(row, work)
    return views.letter_of(row)


async def get_letter(request: GetLetter, work: UnitOfWork) -> Letter:
    """One letter."""
    statement = select(letter).where(letter.c.organisation_id == work.organisation_id, letter.c.id == request.letter_id)
    return views.letter_of(await work.load(statement, "letter", code=LETTER_NOT_FOUND))


async def get_letter_proof(request: GetLetterProof, work: UnitOfWork) -> LetterProof:
    """Where a proof is stored."""
    statement = select(letter.c.id).where(
        letter.c.organisation_id == work.organisation_id, letter.c.id == request.letter_id
    )
    await work.load(statement, "letter", code=LETTER_NOT_FOUND)
    row = await work.fetch_one(
        select(letter_proof).where(
            letter_proof.c.organisation_id == work.organisation_id,
            letter_proof.c.letter_id == request.letter_id,
            letter_proof.c.kind == request.kind,
            letter_proof.c.document_id.is_not(None),
        )
    )
    if row is None:
        raise Refused(PROOF_NOT_YET, f"the provider has given no {request.kind} proof yet; ask again later")
    return LetterProof.model_validate(dict(row))


async def list_letters(request: ListLetters, work: UnitOfWork) -> LetterPage:
    """A page of letters."""
    statement = select(letter).where(letter.c.organisation_id == work.organisation_id)
    for name in ("client_id", "contract_id", "invoice_id", "kind", "purpose"):
        if getattr(request, name) is not None:
            statement = statement.where(letter.c[name] == getattr(request, name))
    if request.status:
        statement = statement.where(letter.c.status.in_(request.status))
    if work.caller.company_ids is not None:
        statement = statement.where(letter.c.company_id.in_(work.caller.company_ids))
    return await page(
        work,
        request,
        statement,
        order=(letter.c.created_at, letter.c.id),
        descending=True,
        reply=LetterPage,
        item=views.letter_of,
    )


async def submit_letter(request: SubmitLetter, work: UnitOfWork) -> Letter:
    """Hand a draft in."""
    row = await _locked(request.letter_id, work)
    rules.LETTER.after("submit", LetterStatus(row["status"]))
    await _check_account(work)
    return views.letter_of(await letters.submit(row, work))


async def retry_letter(request: RetryLetter, work: UnitOfWork) -> Letter:
    """Hand a failed or rejected letter in again, as a new sending.

    One whose order may have reached the provider stays the same sending: it is looked for there before anything is made.
    """
    row = await _locked(request.letter_id, work)
    rules.LETTER.after("retry", LetterStatus(row["status"]))
    await _check_account(work)
    if row["last_error_code"] == "SUBMISSION_UNKNOWN":
        row = {**row, "sending_no": row["sending_no"] - 1}
    return views.letter_of(await letters.submit(row, work, trigger="retry"))


async def cancel_letter(request: CancelLetter, work: UnitOfWork) -> Letter:
    """Stop a letter that the provider does not have yet; repeating answers the same letter."""
    row = await _locked(request.letter_id, work)
    if row["status"] == LetterStatus.CANCELLED:
        return views.letter_of(row)
    if row["submit_begun"]:
        raise Refused(
            ALREADY_SUBMITTED, f"letter {views.number_of(row)} is at the provider; it can no longer be stopped"
        )
    return views.letter_of(await letters.cancel(row, request.reason, work))


async def validate_address(request: ValidateAddress, work: UnitOfWork) -> AddressValidation:
    """The six lines, or what is wrong with them."""
    try:
        lines = addresses.lines_of(request.company, request.person, request.address)
    except Refused as refusal:
        problems = tuple(problem.message for problem in refusal.fields)
        return AddressValidation(status=AddressCheck.INVALID, lines=None, problems=problems)
    return AddressValidation(status=addresses.check_of(request.address, lines), lines=lines)


async def create_carrier_account(request: CreateCarrierAccount, work: UnitOfWork) -> CarrierAccount:
    """Record an account at the provider."""
    accounts.check_host(request.base_url)
    account_id = await accounts.store_account(request.name, request.base_url, request.username, request.password, work)
    if account_id is None:
        raise Refused(CARRIER_ACCOUNT_EXISTS, f"{request.username} is an account at this provider already")
    work.record("carrier_account", account_id, after={"base_url": request.base_url, "version": 1})
    return views.account_of(await work.load(views.ACCOUNTS.where(carrier_account.c.id == account_id), "account"))


async def list_carrier_accounts(request: ListCarrierAccounts, work: UnitOfWork) -> CarrierAccountPage:
    """A page of accounts."""
    return await page(
        work,
        request,
        views.ACCOUNTS.where(carrier_account.c.organisation_id == work.organisation_id),
        order=(carrier_account.c.id,),
        reply=CarrierAccountPage,
        item=views.account_of,
    )


async def _check_account(work: UnitOfWork) -> None:
    statement = select(carrier_account.c.id).where(
        carrier_account.c.organisation_id == work.organisation_id,
        carrier_account.c.is_default,
        carrier_account.c.active,
    )
    if await work.fetch_value(statement) is None:
        raise Refused(NO_CARRIER_ACCOUNT, "the organisation has no account at the postal provider; create one first")


async def _locked(letter_id: UUID, work: UnitOfWork) -> Row:
    return await work.load(letters.for_update(work, letter.c.id == letter_id), "letter", code=LETTER_NOT_FOUND)
