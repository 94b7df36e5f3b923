"""The response codes of card networks (ISO 8583, field 39) as the declines that the table of reasons knows."""

_ISO_8583 = {
    "04": "pickup_card",
    "05": "do_not_honor",
    "14": "incorrect_number",
    "41": "lost_card",
    "43": "stolen_card",
    "51": "insufficient_funds",
    "54": "expired_card",
    "57": "card_not_supported",
    "59": "fraudulent",
    "65": "authentication_required",
    "78": "invalid_account",
    "91": "try_again_later",
    "96": "processing_error",
}


def decline_of(response_code: str | None) -> str:
    """The decline of a network code; what is not known is a refusal without reason."""
    return _ISO_8583.get((response_code or "").zfill(2), "generic_decline")
