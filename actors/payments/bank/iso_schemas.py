"""The official ISO 20022 schemas of pain.008, as the package sepaxml carries them."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lxml import etree

NAMESPACES: Final = {
    version: f"urn:iso:std:iso:20022:tech:xsd:{version}" for version in ("pain.008.001.08", "pain.008.001.02")
}
NEWEST: Final = NAMESPACES["pain.008.001.08"]


@lru_cache(maxsize=4)
def schema_of(version: str) -> Any:
    """The schema of a version, compiled once per process; the package is only looked into, its code never runs."""
    package = find_spec("sepaxml")
    if package is None or package.origin is None:
        raise RuntimeError("the package sepaxml is not installed; it carries the schemas of bank files")
    return etree.XMLSchema(etree.parse(Path(package.origin).with_name("schemas") / f"{version}.xsd"))


def as_version(text: str, version: str) -> str:
    """A file of version 08 in another one: in the part that direct debits use, namespace and BIC's name differ."""
    if version == "pain.008.001.08":
        return text
    return text.replace("BICFI>", "BIC>").replace(NEWEST, NAMESPACES[version])
