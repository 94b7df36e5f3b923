"""Writes the certificate of a signature as a PDF; the same facts always give the same bytes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typst

_TEMPLATE = Path(__file__).with_name("certificate.typ")
_LABELS = {
    "ip_sha256": "Empreinte de l'adresse IP",
    "email_sha256": "Empreinte de l'adresse e-mail",
    "consent_text_sha256": "Empreinte du texte accepté",
    "user_agent": "Navigateur",
}


def certificate(facts: Mapping[str, Any]) -> bytes:
    """The PDF; takes CPU time, so call it in a thread."""
    return bytes(typst.compile(_TEMPLATE, format="pdf", sys_inputs={"facts": json.dumps(facts, sort_keys=True)}))


def facts_of(
    contract: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], evidence: Mapping[str, Any]
) -> dict[str, Any]:
    """What the certificate says of a signature."""
    return {
        "fields": [
            ["Contrat", contract["reference"]],
            ["Signé le", evidence["signed_at"].isoformat()],
            ["Mode de signature", evidence["method"]],
            ["Empreinte SHA-256 du fichier signé", evidence["signed_sha256"]],
            ["Mandat SEPA accepté", "oui" if evidence["mandate_consent"] else "non"],
            ["Preuve n°", str(evidence["id"])],
        ],
        "signers": [_signer(signer) for signer in evidence["signers"]],
        "lines": [
            [line["description"], f"{line['quantity'].normalize():f}", line["billing_period"], f"{line['net']:.2f} EUR"]
            for line in lines
        ],
    }


def _signer(signer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": signer["full_name"],
        "role": signer["role"],
        "signed_at": signer["signed_at"],
        "proofs": [[label, signer[name]] for name, label in _LABELS.items() if signer.get(name)],
    }
