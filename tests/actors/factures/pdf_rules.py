"""What a PDF/A-3b with a Factur-X inside must be, part by part; veraPDF judges too where VERAPDF_CMD names it."""

import hashlib
import io
import os
import subprocess
import tempfile
from pathlib import Path

import pikepdf
from lxml import etree

from actors.factures.facturx.rendered import Rendered
from messages.factures import Profile

FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def check_facturx_pdf(made: Rendered, profile: Profile) -> None:
    """Assert the rules of the file (spec 8.4): structure, attachment, fonts, colours, metadata."""
    assert made.pdf.startswith(b"%PDF-1.7")
    with pikepdf.open(io.BytesIO(made.pdf)) as document:
        root = document.Root
        assert not document.is_encrypted and "/ID" in document.trailer
        assert not {"/AcroForm", "/OpenAction", "/AA"} & set(root.keys())
        assert root.Lang == "fr" and len(root.AF) == 1
        _check_attachment(root.AF[0], made, profile)
        (intent,) = root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        _check_fonts(document)
        _check_metadata(root.Metadata.read_bytes(), profile)
    if "VERAPDF_CMD" in os.environ:
        _ask_verapdf(made.pdf)


def _check_attachment(spec: pikepdf.Object, made: Rendered, profile: Profile) -> None:
    relation = "/Alternative" if profile.carries(Profile.BASIC) else "/Data"
    assert [str(spec.F), str(spec.UF), str(spec.AFRelationship)] == ["factur-x.xml", "factur-x.xml", relation]
    attached = spec.EF.F
    assert attached.Subtype == "/text/xml" and attached.Params.Size == len(made.xml)
    assert attached.read_bytes() == made.xml
    assert bytes(attached.Params.CheckSum) == hashlib.md5(made.xml, usedforsecurity=False).digest()
    assert "/ModDate" in attached.Params and "/UF" in spec.EF


def _check_fonts(document: pikepdf.Pdf) -> None:
    for page in document.pages:
        for font in page.Resources.Font.values():
            assert "/ToUnicode" in font
            assert {"/FontFile2", "/FontFile3"} & set(font.DescendantFonts[0].FontDescriptor.keys())


def _check_metadata(xmp: bytes, profile: Profile) -> None:
    tree = etree.fromstring(xmp[xmp.index(b"<x:xmpmeta") : xmp.rindex(b"<?xpacket")])
    facts = {element.tag.removeprefix(f"{{{FX}}}"): element.text for element in tree.iter(f"{{{FX}}}*")}
    assert facts == {
        "DocumentType": "INVOICE",
        "DocumentFileName": "factur-x.xml",
        "Version": "1.0",
        "ConformanceLevel": profile.conformance_level,
    }
    assert len(tree.findall(f".//{{{_RDF}}}RDF")) == 1
    assert b"<pdfaid:part>3</pdfaid:part>" in xmp and b"<pdfaid:conformance>B</pdfaid:conformance>" in xmp
    assert xmp.count(b"<pdfaExtension:schemas>") == 1


def _ask_verapdf(pdf: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "invoice.pdf"
        path.write_bytes(pdf)
        found = subprocess.run(
            [os.environ["VERAPDF_CMD"], "--flavour", "3b", "--format", "text", str(path)],
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, found.stdout + found.stderr
