"""The status machine of a contract: what may become what."""

from messages.contrats import (
    ContractStatus,
)
from messages.transitions import StateMachine

_S = ContractStatus
CONTRACT = StateMachine(
    "contract",
    {
        ("record_signature", _S.DRAFT): _S.AWAITING_SIGNATURE,
        ("store_evidence", _S.AWAITING_SIGNATURE): _S.SIGNED,
        ("give_up_evidence", _S.AWAITING_SIGNATURE): _S.DRAFT,
        ("send_for_signature", _S.DRAFT): _S.AWAITING_SIGNATURE,
        ("recall_signature", _S.AWAITING_SIGNATURE): _S.DRAFT,
        ("decline_signature", _S.AWAITING_SIGNATURE): _S.DRAFT,
        ("expire_signature", _S.AWAITING_SIGNATURE): _S.DRAFT,
        ("fail_signature", _S.AWAITING_SIGNATURE): _S.DRAFT,
        ("cancel", _S.DRAFT): _S.CANCELLED,
        ("cancel", _S.AWAITING_SIGNATURE): _S.CANCELLED,
        ("cancel", _S.SIGNED): _S.CANCELLED,
        ("activate", _S.SIGNED): _S.ACTIVE,
        ("suspend", _S.ACTIVE): _S.SUSPENDED,
        ("resume", _S.SUSPENDED): _S.ACTIVE,
        ("withdraw", _S.SIGNED): _S.WITHDRAWN,
        ("withdraw", _S.ACTIVE): _S.WITHDRAWN,
        ("withdraw", _S.SUSPENDED): _S.WITHDRAWN,
        ("terminate", _S.ACTIVE): _S.TERMINATED,
        ("terminate", _S.SUSPENDED): _S.TERMINATED,
        ("expire", _S.ACTIVE): _S.EXPIRED,
        ("expire", _S.SUSPENDED): _S.EXPIRED,
    },
)
IN_FORCE = (_S.ACTIVE, _S.SUSPENDED)
BOUND = (_S.SIGNED, _S.ACTIVE, _S.SUSPENDED)
OVER = (_S.TERMINATED, _S.EXPIRED, _S.CANCELLED, _S.WITHDRAWN)
