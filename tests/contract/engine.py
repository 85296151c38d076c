"""What engines of the contract's suite share; those that serve the contract have their client from
`HttpEngine`.

Every answer of a server is held against bridge/portal/openapi.yaml on the way.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

import requests
import requests.adapters
import yaml
from jsonschema import Draft202012Validator

from bridge.portal import BearerAuth, HttpPortal, Retries

PAID = "Выделенный специалист (н.часы)"
OPENAPI: dict[str, Any] = yaml.safe_load(
    resources.files("bridge.portal").joinpath("openapi.yaml").read_text(encoding="utf-8")
)
CALLS = [
    (method.upper(), path, call)
    for path, item in OPENAPI["paths"].items()
    for method, call in item.items()
    if method != "parameters"
]


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = OPENAPI
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/")]
        node = found
    return node


def hold_against_openapi(response: requests.Response, *_: Any, **__: Any) -> None:
    """Fail the test when an answer is not one that openapi.yaml knows for its call."""
    path = response.request.path_url.partition("?")[0].removeprefix("/api/otbridge/v1")
    method = str(response.request.method)
    fitting = [
        call
        for verb, template, call in CALLS
        if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
    ]
    assert fitting, f"openapi.yaml has no {method} {path}"
    assert str(response.status_code) in fitting[0]["responses"], (
        f"{method} {path} does not answer {response.status_code}: {response.text}"
    )
    answer = resolve(fitting[0]["responses"][str(response.status_code)])
    for name, header in answer.get("headers", {}).items():
        assert not resolve(header).get("required") or name in response.headers, (
            f"{method} {path}: no header {name}"
        )
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    content = answer.get("content", {})
    if "application/octet-stream" in content or not content:  # a file of any type
        return
    assert list(content) == [media_type]
    schema = {"components": OPENAPI["components"], **content[media_type]["schema"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(response.json())


class OwnKeys(requests.adapters.HTTPAdapter):
    """Lets tests use the same keys again on a portal that keeps them for ever: puts a prefix before them
    on the wire, and takes it away.
    """

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        given = request.headers.get("Idempotency-Key", "")
        if given.strip(".") and not given.startswith(
            "top-up:"
        ):  # with something before them "." and ".." would be keys
            request.headers["Idempotency-Key"] = self._prefix + given
        request.url = re.sub(r"/keys/(?!top-up:)", f"/keys/{self._prefix}", str(request.url))
        response = super().send(request, *args, **options)
        if self._prefix and "json" in response.headers.get("Content-Type", ""):
            response._content = response.content.replace(self._prefix.encode(), b"")
        return response


class HttpEngine:
    """An engine that serves the contract.

    Attributes:
        url: the contract's base address.
        prefix: put before every key on the wire, see `OwnKeys`.
        tick: the coarsest step of the engine's clock, in seconds.
    """

    url: str
    prefix = ""
    tick = 0.0

    def session(self) -> requests.Session:
        """A session, every answer of which is held against openapi.yaml."""
        session = requests.Session()
        session.hooks["response"].append(hold_against_openapi)
        session.mount(self.url, OwnKeys(self.prefix))
        return session

    def connect(self, token: str, *, auth: Any = None, prefix: str = PAID, instance: str = "") -> HttpPortal:
        """A new client with this token, or with `auth`, of the tickets of the category `prefix`;
        `instance` names the bridge.
        """
        return HttpPortal(
            "test",
            self.url,
            auth or BearerAuth(token),
            category_prefix=prefix,
            connect_timeout=5,
            read_timeout=20,
            instance=instance,
            session=self.session(),
            retries=Retries(attempts=1),
        )
