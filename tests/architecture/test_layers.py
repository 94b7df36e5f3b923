"""Who may import whom, beyond what import-linter's contracts say: an actor sees its own storage only."""

import ast
from collections.abc import Iterator
from pathlib import Path

from messages.registry import ACTORS
from tests.architecture.rules import ROOT, source_files


def foreign_imports(path: Path, text: str) -> Iterator[str]:
    """Imports by an actor (or by its storage) of another actor or of another actor's storage."""
    package, owner = path.parts[0], path.parts[1]
    if package not in ("actors", "storage") or owner not in ACTORS:
        return
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] in ("actors", "storage") and len(parts) > 1 and parts[1] in ACTORS and parts[1] != owner:
                yield f"{path}:{node.lineno} imports {name}; ask {parts[1]} by request or hear its events"


def test_no_actor_reaches_into_another_one() -> None:
    found = [
        problem for path in source_files() for problem in foreign_imports(path.relative_to(ROOT), path.read_text())
    ]
    assert found == []


def test_the_rule_catches_a_foreign_import() -> None:
    assert list(foreign_imports(Path("actors/clients/x.py"), "from storage.payments.tables import mandate\n"))
    assert not list(foreign_imports(Path("actors/clients/x.py"), "from storage.clients.tables import client\n"))


def test_the_runtime_names_no_actor_package() -> None:
    for path in source_files():
        if path.relative_to(ROOT).parts[0] == "runtime":
            tree = ast.parse(path.read_text())
            modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
            assert not any(module.split(".")[0] == "actors" for module in modules), path
