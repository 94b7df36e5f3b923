"""What the workers give back."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Typeset:
    """A PDF, its pages, and whether the window of the envelope shows the address and nothing else."""

    pdf: bytes
    page_count: int
    window_is_right: bool
