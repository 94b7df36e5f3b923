"""Electronic signature: where a request may go, and how strong the signature must be."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from messages.contrats import ContractType
from messages.contrats.signatures import SignatureLevel, SignatureStatus, SignerStatus
from messages.transitions import StateMachine

_S = SignatureStatus
SIGNATURE = StateMachine(
    "signature request",
    {
        ("activate", _S.PREPARING): _S.ONGOING,
        ("fail", _S.PREPARING): _S.FAILED,
        ("cancel", _S.PREPARING): _S.CANCELLED,
        ("cancel", _S.ONGOING): _S.CANCELLED,
        ("finish", _S.ONGOING): _S.DONE,
        ("decline", _S.ONGOING): _S.DECLINED,
        ("expire", _S.ONGOING): _S.EXPIRED,
    },
)
OPEN = (_S.PREPARING, _S.ONGOING)
WAITED_FOR = (SignerStatus.NOTIFIED, SignerStatus.OPENED)
"""The signers whose turn it is."""
ADVANCED_ABOVE = Decimal(10_000)
"""A contract worth more is signed with an advanced signature."""
_STRENGTH = tuple(SignatureLevel)


def level_for(contract: Mapping[str, Any], wanted: SignatureLevel | None) -> SignatureLevel:
    """The level the contract needs, or a stronger one that was asked for."""
    strong = contract["type"] == ContractType.INSURANCE or contract["total_contract_value"] > ADVANCED_ABOVE
    needed = SignatureLevel.AES if strong else SignatureLevel.SES
    return max(needed, wanted or needed, key=_STRENGTH.index)
