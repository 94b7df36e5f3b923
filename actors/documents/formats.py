"""What the bytes of a file are, told from the bytes themselves; names and declared types are only claims."""

import io
import re
import unicodedata
import zipfile

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
ZIP = "application/zip"
XML = "application/xml"
TEXT = "text/plain"
CSV = "text/csv"
EML = "message/rfc822"
DOC = "application/msword"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLS = "application/vnd.ms-excel"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX_MACRO = "application/vnd.ms-word.document.macroenabled.12"
XLSX_MACRO = "application/vnd.ms-excel.sheet.macroenabled.12"
P7S = "application/pkcs7-signature"
HTML = "text/html"
SVG = "image/svg+xml"
EXECUTABLE = "application/x-executable"
UNKNOWN = "application/octet-stream"

EXTENSIONS = {
    PDF: ".pdf", JPEG: ".jpg", PNG: ".png", ZIP: ".zip", XML: ".xml", TEXT: ".txt", CSV: ".csv", EML: ".eml", DOC: ".doc",
    DOCX: ".docx", XLS: ".xls", XLSX: ".xlsx", P7S: ".p7s", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic",
}  # fmt: skip

_SAME_EXTENSIONS = {JPEG: (".jpg", ".jpeg"), TEXT: (".txt", ".zpl", ".dpl", ".log", ".jsonl")}
_FAMILIES = {CSV: "text", TEXT: "text", EML: "text", XML: "text", "text/xml": "text", "application/csv": "text"}
_OFFICE = frozenset({ZIP, DOCX, XLSX})
_EXECUTABLES = (b"MZ", b"\x7fELF", b"#!")
_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_OLE = b"\xd0\xcf\x11\xe0"
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"mif1", b"msf1"})
_HEAD = 8192


def detected_mime(content: bytes, filename: str) -> str:
    """The type of the bytes; the name only tells plain texts apart."""
    head = content[:_HEAD]
    if head.startswith(_EXECUTABLES):
        return EXECUTABLE
    if b"%PDF-" in head[:1024]:
        return PDF
    for signature, mime in _SIGNATURES:
        if head.startswith(signature):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "image/heic"
    if head.startswith(b"PK\x03\x04"):
        return _archive_mime(content)
    if head.startswith(_OLE):
        return _ole_mime(content)
    if head.startswith(b"\x30\x82") and filename.lower().endswith(".p7s"):
        return P7S
    return _text_mime(content, filename)


def is_encrypted_pdf(content: bytes) -> bool:
    """Whether a PDF needs a password: its trailer names an encryption dictionary, and trailers are never compressed."""
    return re.search(rb"/Encrypt\s+\d+\s+\d+\s+R", content) is not None


def declared_fits(declared: str | None, detected: str) -> bool:
    """Whether a declared type is of the same family as the detected one; no claim always fits."""
    claim = (declared or "").partition(";")[0].strip().lower()
    if claim in {"", UNKNOWN, "binary/octet-stream", detected}:
        return True
    if claim in _OFFICE and detected in _OFFICE:
        return claim == ZIP
    family = _FAMILIES.get(detected)
    return family is not None and (_FAMILIES.get(claim) == family or claim.startswith("text/plain"))


def clean_filename(name: str, mime: str) -> str:
    """A name that is safe on every system, with the extension of what the file really is; 180 bytes at most."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(character for character in last if unicodedata.category(character) not in {"Cc", "Cf", "Cs"})
    stem = re.sub(r'[<>:"|?*]', "_", visible).strip(". ")
    accepted = _SAME_EXTENSIONS.get(mime, (EXTENSIONS.get(mime, ""),))
    dot = stem.rfind(".")
    suffix = stem[dot:].lower() if dot > 0 else ""
    if suffix not in accepted:
        # Only something that looks like an extension is replaced: "M. Dupont" keeps its name.
        stem = stem[:dot] if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else stem
        suffix = accepted[0]
    else:
        stem = stem[:dot]
    stem = stem.strip(". ") or "document"
    if re.fullmatch(r"(?i)con|prn|aux|nul|com[1-9]|lpt[1-9]", stem):
        stem += "_"
    room = 180 - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore") + suffix


def _archive_mime(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return UNKNOWN
    if "[Content_Types].xml" not in names:
        return ZIP
    has_macros = any(name.endswith("vbaProject.bin") for name in names)
    if any(name.startswith("word/") for name in names):
        return DOCX_MACRO if has_macros else DOCX
    if any(name.startswith("xl/") for name in names):
        return XLSX_MACRO if has_macros else XLSX
    return ZIP


def _ole_mime(content: bytes) -> str:
    if "WordDocument".encode("utf-16-le") in content:
        return DOC
    return XLS if "Workbook".encode("utf-16-le") in content else UNKNOWN


def _text_mime(content: bytes, filename: str) -> str:
    text = _decoded(content)
    if text is None:
        return UNKNOWN
    start = text[:_HEAD].lstrip("\ufeff \t\r\n").lower()
    if start.startswith("<"):
        root = re.search(r"<([a-z_][\w.:-]*)", re.sub(r"<[?!][^>]*>", "", start))
        name = root[1].rpartition(":")[2] if root else ""
        if name == "html" or "<!doctype html" in start or "<script" in start:
            return HTML
        if name == "svg":
            return SVG
        if start.startswith("<?xml") or root:
            return XML
    extension = filename.lower().rpartition(".")[2]
    return {"csv": CSV, "eml": EML}.get(extension, TEXT)


def _decoded(content: bytes) -> str | None:
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not is_utf_16 and b"\x00" in content:
        return None
    for encoding in ["utf-16"] if is_utf_16 else ["utf-8", "cp1252"]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
