"""Plays the three registers over real HTTP, for development and tests; what they answer follows from what is asked."""

from collections import Counter
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from runtime.simulation import Simulator

_SEAT: Final = {
    "siret": "73282932000074",
    "adresse": "1 RUE DE LA PAIX",
    "code_postal": "75002",
    "libelle_commune": "PARIS",
}
_COMPANIES: Final[dict[str, dict[str, Any]]] = {
    "732829320": {"nom_raison_sociale": "SOCIETE TEST", "etat_administratif": "A", "statut_diffusion": "O", "siege": _SEAT},
    "552100554": {"nom_raison_sociale": "SOCIETE CESSEE", "etat_administratif": "C", "statut_diffusion": "O", "siege": {}},
    "404833048": {"nom_raison_sociale": "SOCIETE LENTE", "etat_administratif": "A", "statut_diffusion": "O", "siege": {}},
    "800397291": {"nom_complet": "JEAN DISCRET", "etat_administratif": "A", "statut_diffusion": "P", "siege": {}},
}  # fmt: skip


class RegistersSimulator(Simulator):
    """`async with RegistersSimulator() as registers:` listens on 127.0.0.1; `registers.url` says where.

    SIREN 404833048 answers 429 twice, then well. Member states in `away` do not answer; numbers ending in 00 are invalid.
    An address with INTROUVABLE scores 0.31, with APPROX 0.62, any other 0.97.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.away = {"DE"}
        self.down = False
        self.bodies: list[dict[str, Any]] = []

    def application(self) -> FastAPI:
        """The paths, each one call of this object."""
        return _application(self)

    @property
    def url(self) -> str:
        """The base URL of all three."""
        return self.origin


def _application(simulator: RegistersSimulator) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def count(request: Request, call_next: Any) -> Response:
        simulator.calls[request.url.path] += 1
        if simulator.down:
            return Response(status_code=503)
        found: Response = await call_next(request)
        return found

    @app.get("/companies/search")
    async def companies(q: str, per_page: int = 5) -> Response:
        simulator.calls[q] += 1
        if q == "404833048" and simulator.calls[q] <= 2:
            return Response(status_code=429, headers={"retry-after": "0"})
        found = [
            {"siren": siren, **entry}
            for siren, entry in _COMPANIES.items()
            if q.startswith(siren) or q.upper() in entry.get("nom_raison_sociale", "")
        ]
        return JSONResponse({"results": found[:per_page], "total_results": len(found)})

    @app.post("/vies/check-vat-number")
    async def vat(request: Request) -> Response:
        body = await request.json()
        simulator.bodies.append(body)
        if body["countryCode"] in simulator.away:
            return JSONResponse({"actionSucceed": False, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]})
        valid = not body["vatNumber"].endswith("00")
        proof = f"WAPI{len(simulator.bodies):06d}" if "requesterNumber" in body else ""
        return JSONResponse({"valid": valid, "name": "---", "address": "---", "requestIdentifier": proof})

    @app.get("/addresses/search")
    async def addresses(q: str, postcode: str) -> Response:
        score = 0.31 if "INTROUVABLE" in q.upper() else 0.62 if "APPROX" in q.upper() else 0.97
        street, _, city = q.rpartition(" ")
        found = {
            "label": f"{street} {postcode} {city}", "score": score, "type": "housenumber", "name": street,
            "postcode": postcode, "city": city, "citycode": "75111",
        }  # fmt: skip
        return JSONResponse({"type": "FeatureCollection", "features": [{"properties": found}]})

    return app
