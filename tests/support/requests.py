"""Requests made from an OpenAPI document, so that a new route is tested from the day it exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

METHODS = frozenset({"get", "put", "post", "delete", "patch"})
BYTES, FILE = "application/offset+octet-stream", "application/octet-stream"
WORDS = {
    "email": "nobody@example.org",
    "password": "wrong-horse-battery",
    "current_password": "wrong-horse-battery",
    "new_password": "other-horse-battery",
    "job_type": "external",
    "role": "user",
    "columns": "a",
    "scopes": "jobs:read:user",
}
"""Strings that mean something where they stand; every other one is `text`."""


@dataclass(frozen=True)
class Route:
    """One operation of the document."""

    method: str
    path: str
    operation: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @property
    def is_public(self) -> bool:
        return not self.operation.get("security")

    @property
    def scopes(self) -> set[str]:
        """What the document says that a caller must be allowed, by any way of saying who one is."""
        return {scope for way in self.operation.get("security", []) for scopes in way.values() for scope in scopes}

    def documents(self, status: int, code: str) -> bool:
        """Whether the document says that this route may answer so."""
        said = self.operation["responses"].get(str(status), {})
        return f"`{code}`" in said.get("description", "") and "application/problem+json" in said["content"]


def routes(document: dict[str, Any]) -> list[Route]:
    return [
        Route(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]


def body(document: dict[str, Any], route: Route) -> dict[str, Any]:
    """Return keyword arguments for httpx with a body that the route accepts as valid; none where it takes none."""
    content = route.operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        return {"files": {"file": ("table.csv", b"a,b\n1,2\n", "text/csv")}}
    for media_type, argument in (("application/json", "json"), ("application/x-www-form-urlencoded", "data")):
        if media_type in content:
            return {argument: example(document, content[media_type]["schema"])}
    if FILE in content:
        return {"content": b"one line\n"}
    headers = _headers(route)
    if BYTES in content:
        return {"content": b"", "headers": {**headers, "Content-Type": BYTES}}
    return {"headers": headers} if headers else {}


def _headers(route: Route) -> dict[str, str]:
    """Return the headers of which the document gives an example, each with that."""
    found = [each for each in route.operation.get("parameters", []) if each["in"] == "header"]
    return {each["name"]: each["schema"]["examples"][0] for each in found if "examples" in each["schema"]}


def example(document: dict[str, Any], schema: dict[str, Any], name: str = "") -> Any:
    """Return a small value that fits the schema: required members only."""
    schema = _resolved(document, schema)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example(document, schema[choice][0], name)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {key: example(document, members[key], key) for key in schema.get("required", [])}
        case "array":
            return [example(document, schema["items"], name)] if schema.get("minItems") else []
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return schema.get("const", WORDS.get(name, "text"))


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        node: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def events(text: str) -> Iterator[tuple[str, str]]:
    """Yield the (event, data) pairs of a piece of an event stream; an unfinished last one is left out."""
    for block in text.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields:
            yield fields["event"], fields.get("data", "")
