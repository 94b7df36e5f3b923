# ruff: noqa: E501, SIM905 - tables of names and addresses read best as they stand
"""Makes the input files of the demo: 300 clients with check digits that hold, and rows that are broken on purpose.

Run once, result committed: `python examples/generate.py`. The seed is fixed, so it writes the same files again.
"""

import csv
import json
import random
from pathlib import Path

import phonenumbers
from schwifty import IBAN
from stdnum import luhn

FOLDER = Path(__file__).parent
SEED = 20260302
VALID = 300

GIVEN = "Camille Louise Emma Jade Alice Chloé Lina Inès Léa Manon Zoé Gabriel Léo Raphaël Arthur Louis Jules Adam Hugo Noé".split()
FAMILY = (
    "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy Roux David Bertrand"
    " Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller Lefèvre Faure André Mercier Blanc Guérin"
).split()
STREETS = (
    "rue de la Paix;avenue Victor Hugo;rue des Lilas;place du Marché;boulevard Voltaire;rue Pasteur;chemin Vert".split(
        ";"
    )
)
CITIES = [
    ("75011", "Paris"), ("69003", "Lyon"), ("13006", "Marseille"), ("31000", "Toulouse"), ("44000", "Nantes"),
    ("67000", "Strasbourg"), ("57000", "Metz"), ("33000", "Bordeaux"), ("59000", "Lille"), ("35000", "Rennes"), ("20000", "Ajaccio"),
]  # fmt: skip
BANKS = ("30006", "30004", "20041", "10278", "14518")
TRADES = ("Boulangerie", "Garage", "Librairie", "Menuiserie", "Pharmacie", "Fleuriste", "Restaurant", "Plomberie")
HEADER = [
    "Nom", "Prenom", "Type", "Email", "Telephone", "Adresse", "Code postal", "Ville", "Raison sociale", "SIREN", "IBAN",
    "Produit", "Jour",
]  # fmt: skip


def siren(draw: random.Random) -> str:
    """A SIREN whose Luhn digit holds."""
    body = str(draw.randrange(10**7, 10**8))
    return body + luhn.calc_check_digit(body)


def iban(draw: random.Random) -> str:
    """A French IBAN whose RIB key and check digits hold."""
    branch, account = f"{draw.randrange(10**5):05d}", f"{draw.randrange(10**11):011d}"
    return str(IBAN.generate("FR", draw.choice(BANKS), account, branch))


def phone(draw: random.Random) -> str:
    """A French mobile number in a range that is in use."""
    while True:
        number = f"06{draw.randrange(10**8):08d}"
        if phonenumbers.is_valid_number(phonenumbers.parse(number, "FR")):
            return number


def row(draw: random.Random, number: int) -> list[str]:
    """One valid client: nine in ten are persons. No two share given and family name: they would be duplicates."""
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]
    postal_code, city = draw.choice(CITIES)
    address = f"{draw.randrange(1, 120)} {draw.choice(STREETS)}"
    product = draw.choice(("FIBRE", "FIBRE", "MOBILE", "TELESURVEILLANCE"))
    reach = [f"client{number:03d}@example.fr", phone(draw), address, postal_code, city]
    tail = [iban(draw), product, str(draw.choice((1, 5, 10)))]
    if draw.random() < 0.1:
        return ["", "", "entreprise", *reach, f"{draw.choice(TRADES)} {family} SARL", siren(draw), *tail]
    name = family.upper() if draw.random() < 0.3 else family
    return [name, given, "particulier", *reach, "", "", *tail]


def broken(draw: random.Random) -> list[list[str]]:
    """Rows that must be refused, each for one reason that the report has to name."""
    rows = []
    for field, value in (
        ("Email", "pas-une-adresse"), ("Telephone", "12345"), ("Code postal", "7501"), ("IBAN", "FR7630006000011234567890188"),
        ("Nom", ""), ("Type", "extraterrestre"), ("IBAN", "FR7630006000011234567890"), ("Email", "double@@example.fr"),
        ("Telephone", "0899700000"), ("Jour", "35"), ("Produit", "MINITEL"), ("Prenom", ""),
    ):  # fmt: skip
        wrong = row(draw, 400 + len(rows))
        while wrong[HEADER.index("Type")] != "particulier":
            wrong = row(draw, 400 + len(rows))
        wrong[HEADER.index(field)] = value
        rows.append(wrong)
    company = row(draw, 480)
    while company[HEADER.index("Type")] != "entreprise":
        company = row(draw, 480)
    company[HEADER.index("SIREN")] = "732829321"
    return [*rows, company]


CATALOGUE = {
    "company": {
        "code": "DEMO", "legal_name": "Horizon Télécom", "legal_form": "SAS", "share_capital": {"amount": "150000.00", "currency": "EUR"},
        "rcs_city": "Paris", "naf_code": "61.10Z", "siren": "732829320", "siret_hq": "73282932000074", "vat_number": "FR44732829320",
        "sepa_creditor_id": "FR72ZZZ123456",
        "address": {"street": "12 rue de la Paix", "postal_code": "75002", "city": "Paris"},
        "email": "facturation@horizon.example", "phone": "+33142000000",
    },
    "account": {"iban": "FR7630006000011234567890189", "bic": "AGRIFRPP"},
    "products": [
        {"sku": "FIBRE", "name": "Fibre 1 Gb/s", "price": "29.99", "description": "Accès internet fibre, sans engagement"},
        {"sku": "MOBILE", "name": "Mobile 100 Go", "price": "15.83", "description": "Forfait mobile avec 100 Go"},
        {"sku": "TELESURVEILLANCE", "name": "Télésurveillance", "price": "41.67", "description": "Surveillance à distance du logement"},
    ],
}  # fmt: skip

CALENDAR = {
    "starts_on": "2026-03-02",
    "ends_on": "2026-05-08",
    "note": "two collected periods across Good Friday, Easter Monday (3 and 6 April) and 1 May, when TARGET is closed, and 8 May",
    "hours": [6, 12, 18],
    "rejections": {"AM04": 0.05, "MD01": 0.01, "AC04": 0.01},
}


def main() -> None:
    """Write the three files."""
    draw = random.Random(SEED)
    rows = [row(draw, number) for number in range(VALID)]
    for wrong in broken(draw):
        rows.insert(draw.randrange(len(rows)), wrong)
    with (FOLDER / "clients.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(rows)
    for name, content in (("catalogue.json", CATALOGUE), ("calendar.json", CALENDAR)):
        (FOLDER / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
