"""What a change of the published contracts would break for those who send requests or read replies and events."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Documents = Mapping[str, Any]
"""The exported contracts: JSON documents by their path in the folder."""

SCHEMAS = "schemas/"
_BOUNDS = {"integer": {"integer", "number"}, "number": {"number"}}


def breaking_changes(old: Documents, new: Documents) -> list[str]:
    """Each change that callers or readers cannot survive, as a sentence; an event of a newer version may differ."""
    found: list[str] = []
    for path in sorted(path for path in old if path.startswith(SCHEMAS)):
        actor = path.removeprefix(SCHEMAS).removesuffix(".json")
        if path not in new:
            found.append(f"{actor}: the actor's messages are gone")
            continue
        found += [f"{actor}: {text}" for text in _of_actor(old[path], new[path])]
    return found


def _of_actor(old: Schema, new: Schema) -> Iterator[str]:
    incoming = _Comparison(old["$defs"], new["$defs"], sent_by_caller=True)
    outgoing = _Comparison(old["$defs"], new["$defs"], sent_by_caller=False)
    for name, request in old["requests"].items():
        if name not in new["requests"]:
            yield f"request {name} is gone"
            continue
        yield from incoming.breaks(request["request"], new["requests"][name]["request"], name)
        yield from outgoing.breaks(request["reply"], new["requests"][name]["reply"], f"reply of {name}")
    for type_, event in old["events"].items():
        if type_ not in new["events"]:
            yield f"event {type_} is gone"
        elif new["events"][type_]["version"] <= event["version"]:
            yield from outgoing.breaks(event["payload"], new["events"][type_]["payload"], f"event {type_}")


@dataclass(frozen=True)
class _Comparison:
    """Two sets of definitions and a direction: the old must fit into the new for requests, the new into the old for answers."""

    old_definitions: Schema
    new_definitions: Schema
    sent_by_caller: bool

    def breaks(self, old: Schema, new: Schema, where: str, seen: frozenset[tuple[str, str]] = frozenset()) -> list[str]:
        """What is broken between two schemas; definitions that contain themselves are looked at once."""
        references = (str(old.get("$ref")), str(new.get("$ref")))
        if "$ref" in old and "$ref" in new:
            if references in seen:
                return []
            seen |= {references}
        olds = _alternatives(old, self.old_definitions)
        news = _alternatives(new, self.new_definitions)
        found: list[str] = []
        if self.sent_by_caller:
            for one in olds:
                found += _fewest(self._plain(one, other, where, seen) for other in news)
        else:
            for other in news:
                found += _fewest(self._plain(one, other, where, seen) for one in olds)
        return list(dict.fromkeys(found))

    def _plain(self, old: Schema, new: Schema, where: str, seen: frozenset[tuple[str, str]]) -> list[str]:
        """Two schemas without alternatives. A different kind makes the rest meaningless, so it is reported alone."""
        if not self._kind_fits(old, new):
            return [f"{where}: type {_kind(old)} became {_kind(new)}"]
        found = list(self._values(old, new, where))
        found += self._fields(old, new, where, seen)
        if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
            found += self.breaks(old["items"], new["items"], f"{where}[]", seen)
        tuples = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(tuples[0]) != len(tuples[1]):
            found.append(f"{where}: {len(tuples[0])} elements became {len(tuples[1])}")
        for position, (one, other) in enumerate(zip(*tuples, strict=False)):
            found += self.breaks(one, other, f"{where}[{position}]", seen)
        extra = old.get("additionalProperties"), new.get("additionalProperties")
        if isinstance(extra[0], dict) and isinstance(extra[1], dict):
            found += self.breaks(extra[0], extra[1], f"{where}.*", seen)
        return found

    def _kind_fits(self, old: Schema, new: Schema) -> bool:
        source, target = (old, new) if self.sent_by_caller else (new, old)
        if "type" not in target:  # anything fits
            return not self.sent_by_caller or target.get("format") in (None, source.get("format"))
        kinds = _BOUNDS.get(str(source.get("type")), {source.get("type")})
        return target["type"] in kinds and source.get("format") == target.get("format")

    def _values(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        before, after = _values_of(old), _values_of(new)
        if before is not None and after is not None:
            for value in before:
                if value not in after:
                    yield f"{where}: the value {value!r} is gone"
        elif after is not None and self.sent_by_caller:
            yield f"{where}: any value became one of {', '.join(map(repr, after))}"

    def _fields(self, old: Schema, new: Schema, where: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        had_to, has_to = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            if name not in after:
                yield f"{where}.{name}: the field is gone"
                continue
            yield from self.breaks(schema, after[name], f"{where}.{name}", seen)
            if not self.sent_by_caller and name in had_to - has_to:
                yield f"{where}.{name}: the field may now be missing"
        if self.sent_by_caller:
            yield from (f"{where}.{name}: the field is now required" for name in sorted(has_to - had_to))


def _fewest(candidates: Iterable[list[str]]) -> list[str]:
    """The alternative that fits best: nothing broken when one fits."""
    return min(candidates, key=lambda found: len(found))


def _alternatives(schema: Schema, definitions: Schema) -> list[Schema]:
    if "$ref" in schema:
        return _alternatives(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return [found for one in schema[several] for found in _alternatives(one, definitions)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": kind} for kind in schema["type"]]
    return [schema]


def _values_of(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _kind(schema: Schema) -> str:
    kind = str(schema.get("type", "anything"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
