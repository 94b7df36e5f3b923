"""The rules of the house that no off-the-shelf linter knows, each as a function over one parsed file."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("messages", "storage", "runtime", "actors")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
_CLOCK_READS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
_MONEY_WORDS = ("amount", "price", "total", "net", "gross", "vat", "rate", "fee", "balance")


def source_files() -> list[Path]:
    """The product's own Python files; generated database versions are left out."""
    return [
        path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if "versions" not in path.parts
    ]


def too_long(path: Path, text: str) -> Iterator[str]:
    """Files over 400 lines and functions over 60; tables of data (no function inside) may be longer."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lines = text.count("\n")
    if lines > LONGEST_FILE and functions:
        yield f"{path}: {lines} lines; split it by use case"
    for function in functions:
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > LONGEST_FUNCTION:
            yield f"{path}:{function.lineno} {function.name} has {length} lines; the limit is {LONGEST_FUNCTION}"


def clock_reads(path: Path, text: str) -> Iterator[str]:
    """Reading the computer's clock anywhere but in runtime/clock.py."""
    if path.as_posix().endswith("runtime/clock.py"):
        return
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)) if (owner, name) in _CLOCK_READS:
                yield f"{path}:{node.lineno} reads the clock; take the time from the message or from runtime.clock"


def float_money(path: Path, text: str) -> Iterator[str]:
    """`float` near a name that speaks of money: an annotation or a conversion."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="float")) if _speaks_of_money(name):
                yield f"{path}:{node.lineno} '{name}' is a float; use Decimal or Money"
            case ast.arg(arg=name, annotation=ast.Name(id="float")) if _speaks_of_money(name):
                yield f"{path}:{node.lineno} '{name}' is a float; use Decimal or Money"
            case ast.Call(func=ast.Name(id="float"), args=[value, *_]) if _speaks_of_money(ast.unparse(value)):
                yield f"{path}:{node.lineno} converts money to float; use Decimal or Money"


def undocumented_messages(path: Path, text: str) -> Iterator[str]:
    """Public classes of messages without a docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield f"{path}:{node.lineno} {node.name} has no docstring; say its promise in a line"


def unfinished(path: Path, text: str) -> Iterator[str]:
    """What was left for later."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"#.*\b(TODO|FIXME|XXX)\b|raise NotImplementedError", line):
            yield f"{path}:{number} is unfinished: {line.strip()[:80]}"


def _speaks_of_money(name: str) -> bool:
    return any(word in name.lower().replace(".", "_").split("_") for word in _MONEY_WORDS)
