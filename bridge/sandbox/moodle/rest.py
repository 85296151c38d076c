"""Web services over REST: /webservice/rest/server.php, answered byte for byte as Moodle 4.5 does.

Source: measured on Moodle 4.5.6; errors are HTTP 200, JSON escapes slashes, without `moodlewsrestformat` it
is XML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from bridge.sandbox.moodle import php_form
from bridge.sandbox.moodle.descriptions import Description, Many, Value, is_utf8, php_bracket_decode
from bridge.sandbox.moodle.names import as_asked
from bridge.sandbox.moodle.problems import (
    MoodleProblem,
    access_denied,
    database_read,
    invalid_parameter,
    invalid_token,
    missing_record,
)
from bridge.sandbox.moodle.registry import FUNCTIONS, Function
from bridge.sandbox.moodle.service import NO_CACHE, known_functions, service_functions
from bridge.sandbox.moodle.site import Site

MAX_INPUT_VARS = 5000
"""PHP drops every form field beyond this number, without a word."""


SETTINGS = frozenset(f"moodlewssetting{name}" for name in ("raw", "fileurl", "filter", "lang", "timezone"))
"""What any call may ask for beside the function's own parameters."""


def parameters(request: Request) -> dict[str, Any]:
    """GET and POST parameters of a request as PHP merges them."""
    address, form = (pairs[:MAX_INPUT_VARS] for pairs in (php_form.query(request), php_form.form(request)))
    return {**php_bracket_decode(address), **php_bracket_decode(form)}


def split(request: Request) -> tuple[str, str, str, dict[str, Any]]:
    """Token, function name, answer format and the function's own parameters of a request."""
    given = {name: value for name, value in parameters(request).items() if name not in SETTINGS}
    token, function, form = (given.pop(name, "") for name in ("wstoken", "wsfunction", "moodlewsrestformat"))
    return str(token), str(function), "json" if form == "json" else "xml", given


def serve(site: Site, request: Request) -> Response:
    """Answer a REST request."""
    token, name, form, given = split(request)
    try:
        function = _function(site, token, name)
        with as_asked(parameters(request)):
            result = function.call(site, given)
    except MoodleProblem as problem:
        return _respond(form, _problem_json(site, problem) if form == "json" else _problem_xml(site, problem))
    if form == "json":
        return _respond(form, php_json(result))
    return _respond(
        form,
        (
            '<?xml version="1.0" encoding="UTF-8" ?>\n<RESPONSE>\n'
            f"{_xmlize(result, function.returns)}</RESPONSE>\n"
        ),
    )


def _function(site: Site, token: str, name: str) -> Function:
    for text in (token, name):
        if not is_utf8(text):
            raise database_read()
    if token != site.token:
        raise invalid_token()
    if not name:
        raise invalid_parameter("Missing function name")
    if name not in known_functions(site):
        raise missing_record("external_functions")
    if name not in service_functions(site):
        raise access_denied(f"Access to the function {name}() is not allowed.")
    return FUNCTIONS[name]


def php_json(value: Any) -> str:
    """JSON as PHP's `json_encode` writes it: slashes escaped, ASCII only, whole floats without a point,
    empty arrays as [].
    """
    return json.dumps(_php_array(value), separators=(",", ":")).replace("/", "\\/")


def _php_array(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _php_array(item) for name, item in value.items()} or []
    if isinstance(value, list):
        return [_php_array(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _respond(form: str, body: str) -> Response:
    if form == "json":
        return Response(
            body, content_type="application/json", headers=[*NO_CACHE, ("Access-Control-Allow-Origin", "*")]
        )
    disposition = ("Content-Disposition", 'inline; filename="response.xml"')
    headers = [disposition, *NO_CACHE, ("Access-Control-Allow-Origin", "*")]
    return Response(body, content_type="application/xml; charset=utf-8", headers=headers)


def _problem_json(site: Site, problem: MoodleProblem) -> str:
    answer = {"exception": problem.php_class, "errorcode": problem.errorcode, "message": problem.message}
    if site.debugging and problem.debuginfo is not None:
        answer["debuginfo"] = problem.debuginfo
    return php_json({name: value for name, value in answer.items() if value is not None})


def _problem_xml(site: Site, problem: MoodleProblem) -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8" ?>', f'<EXCEPTION class="{problem.php_class}">']
    if problem.errorcode is not None:
        lines.append(f"<ERRORCODE>{_escape(problem.errorcode)}</ERRORCODE>")
    lines.append(f"<MESSAGE>{_escape(problem.message)}</MESSAGE>")
    if site.debugging and problem.debuginfo is not None:
        lines.append(f"<DEBUGINFO>{_escape(problem.debuginfo)}</DEBUGINFO>")
    return "\n".join([*lines, "</EXCEPTION>", ""])


def _escape(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def _xmlize(result: Any, description: Description) -> str:
    if isinstance(description, Value):
        if result is None:
            return '<VALUE null="null"/>\n'
        is_whole = isinstance(result, (bool, float)) and int(result) == result
        return f"<VALUE>{_escape(str(int(result) if is_whole else result))}</VALUE>\n"
    if isinstance(description, Many):
        return (
            f"<MULTIPLE>\n{''.join(_xmlize(item, description.content) for item in result or ())}</MULTIPLE>\n"
        )
    held = result or {}
    keys = (
        f'<KEY name="{key}">{_xmlize(held.get(key), inner)}</KEY>\n'
        for key, inner in description.keys.items()
    )
    return f"<SINGLE>\n{''.join(keys)}</SINGLE>\n"
