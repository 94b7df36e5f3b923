"""documents: what a file is, what it may be called and how long it stays."""

import io
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actors.documents import formats, rules
from messages.documents import DocumentType
from messages.problem import Refused

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


def office(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("[Content_Types].xml", *names):
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


def refused(type_: DocumentType, content: bytes, filename: str, declared: str | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        rules.accepted_mime(type_, content, filename, declared)
    return refusal.value.code.code


def test_case_6_a_pdf_declared_as_a_picture_is_a_lie_and_an_unknown_claim_is_none() -> None:
    assert refused(DocumentType.OTHER, PDF, "photo.png", "image/png") == "MIME_MISMATCH"
    mime = rules.accepted_mime(DocumentType.INVOICE, PDF, "x.bin", "application/octet-stream")
    assert (mime, formats.clean_filename("x.bin", mime)) == (formats.PDF, "x.pdf")


def test_case_7_macros_html_and_svg_are_refused() -> None:
    macro = office("word/document.xml", "word/vbaProject.bin")
    assert refused(DocumentType.OTHER, macro, "letter.docx") == "ACTIVE_CONTENT"
    assert refused(DocumentType.OTHER, b"<!DOCTYPE html><html><body/></html>", "page.pdf") == "MIME_NOT_ALLOWED"
    assert (
        refused(DocumentType.EMAIL_ATTACHMENT, b'<?xml version="1.0"?><svg xmlns="x"/>', "a.svg") == "MIME_NOT_ALLOWED"
    )
    assert refused(DocumentType.OTHER, b"MZ\x90\x00", "setup.txt") == "MIME_NOT_ALLOWED"


def test_case_8_a_name_with_folders_and_a_direction_override_is_made_safe() -> None:
    assert formats.clean_filename("..\\..\\etc/pass\u202efdp.exe", formats.PDF) == "passfdp.pdf"


@pytest.mark.parametrize(
    ("content", "name", "mime"),
    [
        (PNG, "a", formats.PNG),
        (b"\xff\xd8\xff\xe0rest", "a", formats.JPEG),
        (office("word/document.xml"), "a", formats.DOCX),
        (office("xl/workbook.xml"), "a", formats.XLSX),
        (b"<?xml version='1.0'?><Document/>", "a.xml", formats.XML),
        ("a;b\né;ç".encode("cp1252"), "list.csv", formats.CSV),
        (b"hello world\n", "a.txt", formats.TEXT),
        (b"\x00\x01\x02", "a.txt", formats.UNKNOWN),
    ],
)
def test_types_are_told_from_the_bytes(content: bytes, name: str, mime: str) -> None:
    assert formats.detected_mime(content, name) == mime


def test_case_4_a_file_is_neither_empty_nor_larger_than_its_type_allows() -> None:
    rules.check_size(DocumentType.OTHER, 10_485_760)
    for size, code in ((10_485_761, "TYPE_SIZE_LIMIT"), (0, "EMPTY_FILE")):
        with pytest.raises(Refused) as refusal:
            rules.check_size(DocumentType.OTHER, size)
        assert refusal.value.code.code == code


def test_cases_14_and_15_retention_follows_the_base_of_the_type() -> None:
    created = date(2026, 2, 15)
    keep = rules.retain_until
    invoice = keep(DocumentType.INVOICE, created_on=created, fiscal_year_end=date(2026, 12, 31))
    assert invoice == date(2036, 12, 31)
    ended = keep(DocumentType.CONTRACT_SIGNED, created_on=created, link_ended_on=date(2026, 3, 31))
    assert ended == date(2031, 3, 31)
    assert keep(DocumentType.CONTRACT_SIGNED, created_on=created) is None
    leap = keep(DocumentType.LETTER, created_on=created, business_date=date(2028, 2, 29))
    assert leap == date(2033, 2, 28)


def test_case_16_the_longest_policy_wins() -> None:
    assert rules.longest(date(2031, 3, 31), date(2036, 12, 31)) == date(2036, 12, 31)
    assert rules.longest(date(2031, 3, 31), None) is None


@given(some.text(max_size=300), some.sampled_from(sorted(formats.EXTENSIONS)))
def test_every_name_becomes_one_safe_segment(name: str, mime: str) -> None:
    cleaned = formats.clean_filename(name, mime)
    assert cleaned and len(cleaned.encode()) <= 180
    assert not set(cleaned) & set('/\\<>:"|?*\x00\u202e')
    assert cleaned.lower().endswith(formats.EXTENSIONS[mime]) or mime in (formats.TEXT, formats.JPEG)
    assert formats.clean_filename(cleaned, mime) == cleaned
