"""The life of an identity check."""

from typing import Final

from messages.clients import KycStatus
from messages.transitions import StateMachine

KYC: Final = StateMachine(
    "identity check",
    {
        (KycStatus.PENDING, KycStatus.NOT_STARTED): KycStatus.PENDING,
        (KycStatus.PENDING, KycStatus.REJECTED): KycStatus.PENDING,
        (KycStatus.PENDING, KycStatus.EXPIRED): KycStatus.PENDING,
        (KycStatus.VERIFIED, KycStatus.PENDING): KycStatus.VERIFIED,
        (KycStatus.REJECTED, KycStatus.PENDING): KycStatus.REJECTED,
        (KycStatus.EXPIRED, KycStatus.VERIFIED): KycStatus.EXPIRED,
    },
)
