"""Requests that nobody thought of, made from openapi.yaml: the embedded portal takes what the contract
allows, and nothing else.

Every answer is held against openapi.yaml on the way. With HYPOTHESIS_PROFILE=thorough the search is twenty
times as long.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.contract.engine import CALLS, OPENAPI, resolve
from tests.contract.portal_world import Sandbox, ServerWorld
from tests.profile import THOROUGH

EXAMPLES = 200 if THOROUGH else 10
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_keys = (f"generated-{number}" for number in itertools.count())


def valid(schema: Mapping[str, Any], known: Mapping[str, str], name: str = "") -> st.SearchStrategy[Any]:
    """Values that fit a schema of a request; `known`: ids of things that exist, by the name of member or
    parameter.
    """
    schema = resolve(dict(schema))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum")) | st.integers(
            schema.get("minimum", 0), 100
        )
    if schema["type"] == "array":
        return st.lists(valid(schema["items"], known), min_size=schema.get("minItems", 0), max_size=3)
    if schema["type"] == "object":
        if "properties" not in schema:
            empty = schema.get("maxProperties") == 0
            return st.just({}) if empty else st.dictionaries(st.text(), ANYTHING, max_size=2)
        made = {key: valid(value, known, key) for key, value in schema["properties"].items()}
        optional = {key: made.pop(key) for key in set(made) - set(schema["required"])}
        return st.fixed_dictionaries(made, optional=optional)
    if "pattern" in schema:
        texts = st.from_regex(schema["pattern"], fullmatch=True)
    else:
        texts = st.text(min_size=schema.get("minLength", 0), max_size=8)
    texts = texts.filter(lambda text: text not in schema.get("not", {}).get("enum", ()))
    return st.just(known[name]) | texts if name in known else texts


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerWorld]:
    with Sandbox.start(tmp_path_factory.mktemp("portal")) as engine, closing(ServerWorld(engine)) as one:
        yield one


def things(world: ServerWorld, path: str) -> dict[str, str]:
    """An accepted stage with a hold, a file and an entry of the ledger, by the names of a call's
    parameters.
    """
    ticket, stage, hold = world.held(Decimal("0.05"), key=next(_keys))
    entry = world.bridge.ledger(world.school).entries[-1].id
    file = world.bridge.attach(next(_keys), ticket, "a.txt", "text/plain", b"abc").id
    own = {"tickets": ticket, "accounts": world.school, "ledger": entry}.get(path.split("/")[1], "")
    of_body = {"ticket_id": ticket, "stage_id": stage}
    return {"id": own, "aid": file, "sid": stage, "hold_id": hold, "account_id": world.school, **of_body}


@pytest.mark.parametrize(("method", "path", "call"), CALLS, ids=[call["operationId"] for _, _, call in CALLS])
def test_what_the_contract_allows_is_taken_and_nothing_else(
    world: ServerWorld, method: str, path: str, call: dict[str, Any]
) -> None:
    known = things(world, path)
    everywhere = OPENAPI["paths"][path].get("parameters", [])
    parameters = [resolve(one) for one in [*everywhere, *call.get("parameters", [])]]
    schema = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    takes = None if schema is None else Draft202012Validator({"components": OPENAPI["components"], **schema})

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        def drawn(one: Mapping[str, Any]) -> Any:
            return data.draw(valid({"type": "string", **one["schema"]}, known, one["name"]), one["name"])

        there, query = {}, {}
        for one in parameters:
            if one["in"] == "path":  # a slash would make it another address
                there[one["name"]] = quote(drawn(one).replace("/", "-"), safe="")
            elif one["in"] == "query" and (one.get("required") or data.draw(st.booleans())):
                query[one["name"]] = drawn(one)
        body, headers = b"", {"Idempotency-Key": next(_keys)}
        if takes is not None:
            document = data.draw(valid(schema, known) | ANYTHING, "body")
            body, headers["Content-Type"] = json.dumps(document).encode(), "application/json"
        address = re.sub(r"\{(\w+)\}", lambda at: there[at[1]], path)

        answer = world.raw(method, address, params=query, headers=headers, data=body)

        assert answer.status_code < 500, answer.text
        if takes is not None:
            fits = takes.is_valid(document)
            assert fits or answer.status_code >= 400, (
                f"the contract does not allow {document}, and the portal took it"
            )
            assert not fits or answer.status_code != 422 or answer.json()["code"] != "invalid", answer.text

    ask()
