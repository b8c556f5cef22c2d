"""The typed half of the Python client, out of the OpenAPI document: a type for each schema, a function for each route."""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RUFF = Path(sys.executable).with_name("ruff")
PREFIX = "/api/v2"
MADE = """Written by `./x docs` from docs/reference/openapi.json. Change the code of the server, not this module.
"""
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
JSON = "application/json"
EMPTY = "204"
FORM = "application/x-www-form-urlencoded"
OTHERWISE = re.compile(r"/uploads|/jobs/stream|/auth/session")
"""Routes of a protocol of their own: `Api.import_file` speaks that of uploads, and the others are for browsers."""

KNOWN_HEADERS = {"idempotency-key": "idempotency_key"}
"""Headers that are arguments. The others are for the protocol of uploads, for ranges and for caches."""


def schema_module(document: dict[str, Any]) -> str:
    """Return the module with a `TypedDict` for each object that is sent or answered, and an alias for what is none."""
    schemas = document["components"]["schemas"]
    blocks = [_schema(_class_name(name), schema) for name, schema in sorted(schemas.items())]
    head = f'"""What is sent and answered, as JSON.\n\n{MADE}"""\n\nfrom __future__ import annotations\n\n'
    imports = "from typing import Any, Literal, NotRequired, TypedDict\n"
    return _formatted(head + imports + "".join(f"\n\n{block}\n" for block in blocks))


def routes_module(document: dict[str, Any]) -> str:
    """Return the module with a function for each route, which says what to ask and what type is answered."""
    functions = [_route(path, method, operation) for path, method, operation in _operations(document)]
    body = "".join(f"\n\n{text}\n" for text in sorted(functions))
    head = f'"""Every route of the API as a `Call`, to be given to `Api.ask`.\n\n{MADE}"""\n\n'
    imports = "from __future__ import annotations\n\nfrom typing import Any, Literal\n\nfrom headway.client import schema\nfrom headway.client.calls import Bytes, Call, address\n"
    return _formatted(head + imports + body)


def _formatted(text: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own tool, for text of our own
        [RUFF, "format", "-"], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith(PREFIX) and not OTHERWISE.match(path.removeprefix(PREFIX)):
                yield path.removeprefix(PREFIX), method, operation


# ------------------------------------------------------------------------------------------------------ schemas


def _schema(name: str, schema: dict[str, Any]) -> str:
    properties = schema.get("properties")
    if properties is None:
        return f"{name} = {_type(schema)}"
    required = set(schema.get("required", ()))
    members = [(member, _member(member in required, _type(value))) for member, value in properties.items()]
    if any(not member.isidentifier() or keyword.iskeyword(member) for member, _ in members):
        listed = "".join(f"        {member!r}: {kind!r},\n" for member, kind in members)
        return f"{name} = TypedDict(\n    {name!r},\n    {{\n{listed}    }},\n)"
    doc = _sentence(schema.get("description", ""))
    lines = [f'    """{doc}"""\n'] if doc else []
    lines += [f"    {member}: {kind}" for member, kind in members] or ["    pass"]
    return f"class {name}(TypedDict):\n" + "\n".join(lines)


def _member(is_required: bool, kind: str) -> str:
    return kind if is_required else f"NotRequired[{kind}]"


def _type(schema: dict[str, Any], prefix: str = "") -> str:
    if "$ref" in schema:
        return prefix + _class_name(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(_type(each, prefix) for each in schema[union]))
    return _plain(schema, prefix)


def _plain(schema: dict[str, Any], prefix: str) -> str:
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_type(schema.get('items', {}), prefix)}]"
    if kind == "object":
        more = schema.get("additionalProperties")
        return f"dict[str, {_type(more, prefix)}]" if isinstance(more, dict) and more else "dict[str, Any]"
    return PLAIN.get(str(kind), "Any")


def _class_name(name: str) -> str:
    return re.sub(r"[-_](\w)", lambda found: found[1].upper(), name.strip("_")).replace("_", "")


def _sentence(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split()).replace("\\", "\\\\").replace('"""', "'''")


# ------------------------------------------------------------------------------------------------------ routes


def _route(path: str, method: str, operation: dict[str, Any]) -> str:
    name = operation["operationId"].partition("_api_v2_")[0]
    inside = re.findall(r"\{(\w+)\}", path)
    parameters = operation.get("parameters", [])
    query = [each for each in parameters if each["in"] == "query"]
    headers = [each for each in parameters if each["in"] == "header" and each["name"] in KNOWN_HEADERS]
    body = _body(operation)
    given = [f"{_argument(each)}: str" for each in inside]
    given += [f"body: {body}{' = None' if body.endswith('None') else ''}"] if body else []
    named = [_named(each) for each in (*query, *headers)]
    signature = ", ".join([*given, *(["*", *named] if named else [])])
    answer = _answer(operation)
    asked = [repr(method.upper()), f"address({', '.join([repr(path), *map(_argument, inside)])})"]
    asked += _members("query", {each["name"]: _argument(each["name"]) for each in query})
    asked += _members("headers", {each["name"]: KNOWN_HEADERS[each["name"]] for each in headers})
    asked += ["body=body"] if body else []
    doc = _sentence(operation.get("description") or operation.get("summary", ""))
    return f'def {name}({signature}) -> Call[{answer}]:\n    """{doc}"""\n    return Call({", ".join(asked)})'


def _members(name: str, values: dict[str, str]) -> list[str]:
    listed = ", ".join(f"{member!r}: {value}" for member, value in values.items())
    return [f"{name}={{{listed}}}"] if values else []


def _argument(name: str) -> str:
    plain = name.replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def _named(parameter: dict[str, Any]) -> str:
    kind = _type(parameter["schema"], "schema.")
    if parameter["in"] == "header":
        return f"{KNOWN_HEADERS[parameter['name']]}: str | None = None"
    if parameter.get("required"):
        return f"{_argument(parameter['name'])}: {kind}"
    kind = kind if "None" in kind.split(" | ") else f"{kind} | None"
    return f"{_argument(parameter['name'])}: {kind} = None"


def _body(operation: dict[str, Any]) -> str | None:
    content = operation.get("requestBody", {}).get("content")
    if not content:
        return None
    kinds = [_type(content[JSON]["schema"], "schema.")] if JSON in content else []
    kinds += ["dict[str, str]"] if FORM in content else []
    kinds += ["Bytes"] if set(content) - {JSON, FORM} else []
    kinds = [word for kind in kinds for word in kind.split(" | ")]
    return " | ".join(dict.fromkeys([*kinds, *([] if operation["requestBody"].get("required") else ["None"])]))


def _answer(operation: dict[str, Any]) -> str:
    """Return the type of the JSON that is answered; None for an empty answer, bytes for what is no JSON."""
    good = {status: answer.get("content") for status, answer in operation["responses"].items() if status[0] == "2"}
    return " | ".join(dict.fromkeys(_answered(status, content) for status, content in good.items()))


def _answered(status: str, content: dict[str, Any] | None) -> str:
    if not content:
        return "None" if status == EMPTY else "bytes"
    return _type(content[JSON].get("schema", {}), "schema.") if JSON in content else "bytes"
