"""Genesis speaks flat XML documents."""

from collections.abc import Mapping
from typing import Any

from lxml import etree


def document(root: str, fields: Mapping[str, Any]) -> bytes:
    """A document of texts and nested mappings; what is None is left out. A list of names becomes transaction types."""
    element = etree.Element(root)
    _fill(element, fields)
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


def fields_of(content: bytes) -> tuple[str, dict[str, Any]]:
    """The root's name and its fields; a repeated or nested element becomes a mapping, the last one wins."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(content, parser)
    return str(root.tag), _read(root)


def _fill(element: Any, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)):
            types = etree.SubElement(element, name)
            for type_ in value:
                etree.SubElement(types, "transaction_type", name=type_)
            continue
        child = etree.SubElement(element, name)
        if isinstance(value, Mapping):
            _fill(child, value)
        else:
            child.text = str(value)


def _read(element: Any) -> dict[str, Any]:
    return {str(child.tag): _read(child) if len(child) else (child.text or "").strip() for child in element}
