"""How well a product fits a search: words of the SKU and the names count most, what is said of it least."""

from collections.abc import Mapping

_WHOLE, _BEGINS, _INSIDE = 1.0, 0.8, 0.6
_WEIGHTS = {"sku": 100, "names": 90, "codes": 70, "said": 45}


def score(words: list[str], fields: Mapping[str, str]) -> int:
    """0 to 100: for each word its best field, averaged; a word that is nowhere makes it 0."""
    points = [max((_points(word, name, text) for name, text in fields.items()), default=0.0) for word in words]
    if not points or min(points) == 0:
        return 0
    return round(sum(points) / len(points))


def _points(word: str, field: str, text: str) -> float:
    found = text.split()
    if word in found:
        share = _WHOLE
    elif any(part.startswith(word) for part in found):
        share = _BEGINS
    else:
        share = _INSIDE if word in text else 0.0
    return _WEIGHTS[field] * share
