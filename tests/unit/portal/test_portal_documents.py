"""docs/portal-api.md, bridge/portal/openapi.yaml, the Portal protocol and the embedded portal say the
same.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from bridge.domain.tickets import StageState, TicketState
from bridge.portal import Portal, wire
from bridge.sandbox.portal import SandboxPortal
from bridge.sandbox.portal.contract import BASE, OPERATIONS
from bridge.sandbox.portal.problems import STATUS
from bridge.sandbox.portal.routes import CAPABILITIES, application
from tests.unit.portal.portal_fakes import ACCOUNT, ATTACHMENT, FOUND, META, STAGE, TICKET, entry

DOC = (Path(__file__).parents[3] / "docs" / "portal-api.md").read_text(encoding="utf-8")
OPENAPI: dict[str, Any] = yaml.safe_load(
    resources.files("bridge.portal").joinpath("openapi.yaml").read_text(encoding="utf-8")
)
SCHEMAS = OPENAPI["components"]["schemas"]
CALLS = {
    (method.upper(), path): call
    for path, item in OPENAPI["paths"].items()
    for method, call in item.items()
    if method != "parameters"
}


def scope_of(call: dict[str, Any]) -> str | None:
    return next(iter(call["security"][0]["bearer"]), None) if "security" in call else None


def test_every_documented_call_is_described_and_served(tmp_path: Path) -> None:
    rows = re.findall(r"^\| `(GET|POST) ([^?`]+)[^`]*` \| (–|`[\w:]+`) \|", DOC, re.MULTILINE)
    documented = {(method, path): None if scope == "–" else scope.strip("`") for method, path, scope in rows}
    described = {place: scope_of(call) for place, call in CALLS.items()}
    served = {(one.method, one.path): one.scope for one in OPERATIONS}
    routed = {
        (method, rule.rule.removeprefix(BASE).replace("<", "{").replace(">", "}"))
        for rule in application(SandboxPortal(tmp_path)).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(BASE)
    }
    assert documented == described == served
    assert set(served) == routed


def test_operations_bear_the_names_of_the_protocols_methods() -> None:
    methods = {name for name, value in vars(Portal).items() if callable(value) and not name.startswith("_")}
    assert {call["operationId"] for call in CALLS.values()} == {one.name for one in OPERATIONS} == methods


def test_query_parameters_are_those_of_the_page() -> None:
    for (method, path), call in CALLS.items():
        documented = re.search(rf"^\| `{method} {re.escape(path)}(\?[^`]*)?`", DOC, re.MULTILINE)
        assert documented
        names = {
            parameter["name"]
            for parameter in map(resolve, call.get("parameters", []))
            if parameter["in"] == "query"
        }
        assert names == set(re.findall(r"(\w+)=", documented[1] or ""))


def test_every_write_and_no_read_carries_a_key() -> None:
    for (method, path), call in CALLS.items():
        headers = {
            parameter["name"]
            for parameter in map(resolve, call.get("parameters", []))
            if parameter["in"] == "header"
        }
        assert ("Idempotency-Key" in headers) is (method == "POST"), path


def test_every_code_is_documented_and_described() -> None:
    documented = {
        code: int(status)
        for code, status in re.findall(r"`([a-z_]+)`\s+(4\d\d|500)\b", DOC.partition("## Authentication")[0])
    }
    described = {
        schema["properties"]["code"]["const"]: schema["properties"]["status"]["const"]
        for schema in SCHEMAS.values()
        if "const" in schema.get("properties", {}).get("code", {})
    }
    assert documented == described
    assert STATUS.items() <= described.items()
    assert set(described) - set(STATUS) == {"too_many_requests"}, "the embedded portal is never too busy"


@pytest.mark.parametrize("name", ["Ticket", "Stage", "Account", "LedgerEntry"])
def test_every_member_of_a_value_is_documented(name: str) -> None:
    paragraph = DOC.partition(f"**{name}**: ")[2].partition("\n\n")[0]
    may_lack = {"thread"} if name == "Ticket" else set()  # a page may come without it
    assert set(SCHEMAS[name]["required"]) == set(SCHEMAS[name]["properties"]) - may_lack
    assert set(SCHEMAS[name]["required"]) <= set(re.findall(r"`(\w+)`", paragraph))


def test_states_and_capabilities_are_the_same_words_everywhere() -> None:
    assert SCHEMAS["TicketState"]["enum"] == [state.value for state in TicketState]
    assert SCHEMAS["StageState"]["enum"] == [state.value for state in StageState]
    assert SCHEMAS["Meta"]["properties"]["capabilities"]["items"]["enum"] == list(CAPABILITIES)
    assert set(CAPABILITIES) == set(
        re.findall(r"`(\w+)`", DOC.partition("`capabilities`: ")[2].partition("\n\n")[0])
    )


def test_every_reference_of_the_document_leads_somewhere() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                assert resolve(node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(OPENAPI)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    assert list(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(SCHEMAS[name])) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Ticket", TICKET),
        ("Stage", STAGE),
        ("Account", ACCOUNT),
        ("Attachment", ATTACHMENT),
        ("Meta", META),
        ("StoredAnswer", FOUND),
        ("LedgerEntry", entry()),
    ],
)
def test_what_the_tests_answer_with_is_the_contracts(name: str, value: dict[str, Any]) -> None:
    validator = Draft202012Validator(
        {"components": OPENAPI["components"], "$ref": f"#/components/schemas/{name}"}
    )
    validator.validate(value)
    for member in SCHEMAS[name]["required"]:
        assert not validator.is_valid({key: kept for key, kept in value.items() if key != member})


# The models are the reader's own business, but which members they require is the contract's.
MODELS: dict[str, type[BaseModel]] = {
    "Meta": wire._Meta,
    "Ticket": wire._Ticket,
    "ThreadEntry": wire._ThreadEntry,
    "Attachment": wire._Attachment,
    "Stage": wire._Stage,
    "TimeEntry": wire._TimeEntry,
    "Account": wire._Account,
    "LedgerEntry": wire._LedgerEntry,
    "TicketPage": wire._TicketPage,
    "LedgerPage": wire._LedgerPage,
    "StoredAnswer": wire._Found,
}
UNREAD = {"LedgerEntry": {"charges"}}
"""Members that the bridge has no use for; it knows what it charged."""


@pytest.mark.parametrize("name", MODELS)
def test_the_client_requires_the_members_that_the_schema_requires(name: str) -> None:
    required = {member for member, field in MODELS[name].model_fields.items() if field.is_required()}
    assert required == set(SCHEMAS[name]["required"]) - UNREAD.get(name, set())


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = OPENAPI
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node
