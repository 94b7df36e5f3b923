"""Colours that can be read on one another (WCAG 2.2, relative luminance and contrast)."""

from typing import Final

from messages.identity import BrandLook

WHITE: Final = "#FFFFFF"
BLACK: Final = "#000000"
READABLE: Final = 4.5

PRODUCT_LOOK: Final = BrandLook(
    name="CRM", primary_color="#1D4ED8", secondary_color="#0F172A", on_primary_color=WHITE, sender_name="CRM"
)
"""What is shown where no partner's brand is."""


def contrast(one: str, other: str) -> float:
    """From 1 (the same colour) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def on(primary: str) -> str:
    """White where it can be read on the colour, else black, which then can: white and black contrast 21 to 1."""
    return WHITE if contrast(primary, WHITE) >= READABLE else BLACK


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
