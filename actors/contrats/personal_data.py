"""What contrats keeps of a client: who signed, where to bill, his number. The contract itself names nobody and is kept by law."""

from typing import Final

from sqlalchemy import Date, LargeBinary, cast, func

from runtime.privacy import ERASED_NAME, Anonymise, PersonalData, Retain, by_id, through
from storage.contrats.tables import (
    amendment,
    client_copy,
    contract,
    port_in,
    quality_review,
    signature_evidence,
    signature_request,
    signer,
    status_history,
)

_contracts = by_id(contract.c.client_id)
_FIVE_YEARS: Final = func.make_interval(5)

PERSONAL_DATA: Final = (
    PersonalData(
        signer,
        through(
            signer.c.signature_request_id,
            signature_request.c.id,
            through(signature_request.c.contract_id, contract.c.id, _contracts),
        ),
        Anonymise({"first_name": "Client", "last_name": "effacé", "email": b"", "phone": None, "decline_reason": None}),
        "electronic signature",
        encrypted={"email": "PII", "phone": "PII"},
    ),
    PersonalData(
        signature_evidence,
        through(signature_evidence.c.contract_id, contract.c.id, _contracts),
        Anonymise({"signers": []}),
        "proof of signature; the hashes stay",
    ),
    PersonalData(
        port_in,
        through(port_in.c.contract_id, contract.c.id, _contracts),
        Anonymise(
            {
                "msisdn_masked": "",
                "msisdn": b"",
                "rio": b"",
                "msisdn_index": func.uuid_send(port_in.c.id, type_=LargeBinary),  # unique among open ones
            }
        ),
        "telephone number taken along",
        encrypted={"msisdn": "PII", "rio": "PII"},
    ),
    PersonalData(
        status_history,
        through(status_history.c.contract_id, contract.c.id, _contracts),
        Anonymise({"comment": None}),
        "notes on the contract's life",
        entity="contract_history",
    ),
    PersonalData(
        quality_review,
        through(quality_review.c.contract_id, contract.c.id, _contracts),
        Anonymise({"comment": None}),
        "notes on the sale",
    ),
    PersonalData(
        amendment,
        through(amendment.c.contract_id, contract.c.id, _contracts),
        Anonymise({"reason": None}),
        "notes on changes",
    ),
    PersonalData(
        contract,
        _contracts,
        Retain(
            "CONTRACT: Civil Code art. 2224",
            until=cast(
                func.coalesce(contract.c.terminated_at, contract.c.ends_on, contract.c.updated_at) + _FIVE_YEARS, Date
            ),
            blank=dict.fromkeys(("return_url", "title", "description", "notes", "search_text")),
        ),
        "the contract; it names nobody",
    ),
    PersonalData(
        client_copy,
        by_id(client_copy.c.client_id),
        Anonymise({"display_name": ERASED_NAME, "search_name": "", "email": None, "billing_address": None}),
        "name and billing address",
    ),
)
