"""Company logos as PDF/A-3b takes them: flattened on white, 8-bit RGB, small enough to stand in every file."""

import base64
import binascii
import io

from PIL import Image, UnidentifiedImageError

from messages.factures import LOGO_NOT_READABLE
from messages.problem import Refused

_FORMATS = ("PNG", "JPEG")
_LARGEST_SIDE = 4000
_PRINTED = (640, 240)
"""Pixels of a logo 14 mm high at 400 dots per inch."""


def printable(content_base64: str) -> bytes:
    """The picture as PNG without transparency; refused (LOGO_NOT_READABLE) with the cure."""
    try:
        content = base64.b64decode(content_base64, validate=True)
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            if max(picture.size) > _LARGEST_SIDE:
                raise _refused(f"it is {picture.width} by {picture.height} pixels; make it at most {_LARGEST_SIDE}")
            flat = _on_white(picture)
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise _refused("it is no PNG or JPEG picture; save it as one of them") from None
    flat.thumbnail(_PRINTED)
    target = io.BytesIO()
    flat.save(target, "PNG", optimize=True)
    return target.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    layered = picture.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")


def _refused(text: str) -> Refused:
    return Refused.field("content_base64", "logo", f"the logo cannot be used: {text}", LOGO_NOT_READABLE)
