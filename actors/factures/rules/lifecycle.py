"""The regulated life cycle of an e-invoice (XP Z12-012/-013): codes, what they make of an invoice, reasons, and retries."""

from datetime import datetime, timedelta
from typing import Final

from messages.factures.platform import REASON_NOT_ALLOWED, TransmissionState
from messages.factures.values import TransmissionStatus
from messages.problem import Refused
from messages.transitions import StateMachine

_S = TransmissionStatus

LABELS: Final = {
    200: "Déposée", 201: "Émise par la plateforme", 202: "Reçue par la plateforme", 203: "Mise à disposition",
    204: "Prise en charge", 205: "Approuvée", 206: "Approuvée partiellement", 207: "En litige", 208: "Suspendue",
    209: "Complétée", 210: "Refusée", 211: "Paiement transmis", 212: "Encaissée", 213: "Rejetée", 214: "Visée",
    220: "Annulée", 221: "Erreur de routage", 224: "Demande de paiement direct", 225: "Affacturée",
    226: "Affacturée confidentielle", 227: "Changement de compte à payer", 228: "Non affacturée", 501: "Irrecevable",
}  # fmt: skip

_ON_THE_WAY: Final = ((200, _S.DEPOSITED), (201, _S.IN_TRANSIT), (202, _S.IN_TRANSIT), (203, _S.DELIVERED))
_PROCESSING: Final = {
    204: _S.IN_PROCESS, 205: _S.APPROVED, 206: _S.PARTIALLY_APPROVED, 207: _S.DISPUTED, 208: _S.SUSPENDED,
    209: _S.IN_PROCESS, 211: _S.PAYMENT_SENT, 212: _S.COLLECTED, 214: _S.IN_PROCESS, 220: _S.CANCELLED,
    224: _S.IN_PROCESS, 225: _S.IN_PROCESS, 226: _S.IN_PROCESS, 227: _S.IN_PROCESS, 228: _S.IN_PROCESS,
}  # fmt: skip
_REFUSING: Final = {210: _S.REFUSED, 213: _S.REJECTED, 501: _S.REJECTED}
_LOGISTIC: Final = (_S.QUEUED, _S.DEPOSITED, _S.IN_TRANSIT, _S.DELIVERED)
"""In their order: what the platforms do, before the buyer does anything."""
TERMINAL: Final = frozenset({_S.REFUSED, _S.REJECTED, _S.CANCELLED})
_NOT_WITH_A_PLATFORM: Final = frozenset({_S.NONE, _S.NOT_REQUIRED})
_LIVE: Final = tuple(state for state in _S if state not in TERMINAL | _NOT_WITH_A_PLATFORM)


def _table() -> dict[tuple[str, TransmissionStatus], TransmissionStatus]:
    table = {("queue", state): _S.QUEUED for state in (_S.NONE, _S.NOT_REQUIRED, _S.BLOCKED)}
    table[("not_required", _S.NONE)] = _S.NOT_REQUIRED
    table[("withdraw", _S.QUEUED)] = _S.NOT_REQUIRED
    table[("withdraw", _S.BLOCKED)] = _S.NOT_REQUIRED
    for code, after in _ON_THE_WAY:
        # Platforms may report late and out of order: an earlier step never takes an invoice back.
        for state in (*_LOGISTIC[: _LOGISTIC.index(after)], _S.BLOCKED):
            table[(str(code), state)] = after
    for code, after in _PROCESSING.items():
        table |= {(str(code), state): after for state in _LIVE}
    for code, after in _REFUSING.items():
        # What was collected is neither refused nor rejected any more.
        table |= {(str(code), state): after for state in _LIVE if state is not _S.COLLECTED}
    for trigger in ("221", "block"):
        table |= {(trigger, state): _S.BLOCKED for state in _LOGISTIC}
    return table


LIFE_CYCLE: Final = StateMachine("e-invoice", _table())

_T = TransmissionState
SENDING: Final = StateMachine(
    "transmission",
    {
        ("submit", _T.QUEUED): _T.SENT,
        ("refuse", _T.QUEUED): _T.ACK_ERROR,
        ("give_up", _T.QUEUED): _T.GAVE_UP,
        ("cancel", _T.QUEUED): _T.CANCELLED,
        ("accept", _T.SENT): _T.ACK_OK,
        ("refuse", _T.SENT): _T.ACK_ERROR,
        ("retry", _T.GAVE_UP): _T.QUEUED,
        ("retry", _T.ACK_ERROR): _T.QUEUED,
    },
)

OTHER_OBJECTS: Final = frozenset({250, 251, 300, 301, 400, 401, 601})
"""Codes of other objects than invoices: legal, stored, without effect."""

_COMMON = (
    "TX_TVA_ERR MONTANTTOTAL_ERR CALCUL_ERR NON_CONFORME DOUBLON DEST_ERR TRANSAC_INC EMMET_INC CONTRAT_TERM"
    " DOUBLE_FACT CMD_ERR ADR_ERR REF_CT_ABSENT"
)
REASONS: Final = {
    code: frozenset(names.split())
    for code, names in {
        206: f"{_COMMON} AUTRE",
        207: f"{_COMMON} AUTRE COORD_BANC_ERR DEST_INC SIRET_ERR CODE_ROUTAGE_ERR REF_ERR PU_ERR REM_ERR QTE_ERR"
        " ART_ERR MODPAI_ERR QUALITE_ERR LIVR_INCOMP",
        208: "JUSTIF_ABS COORD_BANC_ERR CMD_ERR SIRET_ERR CODE_ROUTAGE_ERR REF_CT_ABSENT REF_ERR",
        210: _COMMON,
        213: "MONTANTTOTAL_ERR CALCUL_ERR DOUBLON DEST_INC ADR_ERR REJ_SEMAN REJ_UNI REJ_COH REJ_ADR REJ_CONT_B2G"
        " REJ_REF_PJ REJ_ASS_PJ",
        221: "ROUTAGE_ERR",
        501: "IRR_VIDE_F IRR_TYPE_F IRR_SYNTAX IRR_TAILLE_PJ IRR_NOM_PJ IRR_VID_PJ IRR_EXT_DOC IRR_TAILLE_F"
        " IRR_ANTIVIRUS IRR_NOM_F",
    }.items()
}
"""The reasons a status may and, but for 221, must carry."""
SELLERS: Final = frozenset({209, 212, 220, 224, 225, 226, 227, 228})
"""The statuses a seller states."""

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(hours=24)


def status_after(status: TransmissionStatus, code: int) -> TransmissionStatus:
    """What a reported code makes of an invoice; what is late, unknown or comes after the end changes nothing."""
    trigger = str(code)
    return LIFE_CYCLE.after(trigger, status) if LIFE_CYCLE.allows(trigger, status) else status


def is_unexpected(status: TransmissionStatus, code: int) -> bool:
    """Whether a person must look: an unknown code, or a refusal of what was collected or is over already."""
    if code in OTHER_OBJECTS:
        return False
    refused_late = code in _REFUSING and not LIFE_CYCLE.allows(str(code), status) and _REFUSING[code] is not status
    return code not in LABELS or refused_late


def check_reason(code: int, reason: str | None) -> None:
    """Refuse (REASON_NOT_ALLOWED) a status without the reason it needs, or with one of another status."""
    allowed = REASONS.get(code)
    if allowed is not None and reason not in allowed:
        raise Refused.field(
            "reason_code", "reason", f"status {code} needs one of {', '.join(sorted(allowed))}", REASON_NOT_ALLOWED
        )


def retry_at(now: datetime, attempts: int, first_tried_at: datetime) -> datetime | None:
    """When to try a silent platform again: after 1, 2, 4 ... minutes, at most an hour; None when a day is over."""
    if now - first_tried_at >= GIVE_UP_AFTER:
        return None
    pause = min(_FIRST_PAUSE * int(2 ** min(attempts - 1, 10)), _LONGEST_PAUSE)
    return now + pause
