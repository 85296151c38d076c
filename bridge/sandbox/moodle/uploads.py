"""Files over web services: /webservice/upload.php takes them, /webservice/pluginfile.php gives them."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from bridge.sandbox.moodle import php_form
from bridge.sandbox.moodle.descriptions import CLEANERS, clean_int
from bridge.sandbox.moodle.functions.contents import resource_file
from bridge.sandbox.moodle.problems import MoodleProblem, invalid_token
from bridge.sandbox.moodle.rest import parameters, php_json
from bridge.sandbox.moodle.site import USER_CONTEXT, USER_ID, Site

LONGEST_NAME = 255
"""Characters of a file's name."""
_HEADERS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Cache-Control", "no-store, no-cache, must-revalidate"),
    ("Accept-Ranges", "none"),
)


def take(site: Site, request: Request) -> Response:
    """Put uploaded files into a draft area; errors have a shape of their own."""
    sent_files = php_form.files(request)
    kind = "text/plain; charset=utf-8" if sent_files else "application/json; charset=utf-8"
    given = parameters(request)
    itemid, filepath = clean_int(given.get("itemid", 0)), CLEANERS["path"](given.get("filepath", "/"))
    try:
        _authenticate(site, given)
        for sent in sent_files:
            _refuse_unusable(sent)
        return Response(
            php_json(_stored(site, sent_files, itemid, filepath)), content_type=kind, headers=list(_HEADERS)
        )
    except MoodleProblem as problem:
        return _refusal(problem, kind)


def _refuse_unusable(sent: php_form.Sent) -> None:
    if sent.listed:
        raise MoodleProblem("nofile", "File not specified")
    if not sent.name:
        raise MoodleProblem("upload_error_no_file", "No file was uploaded.")


def _stored(site: Site, sent_files: list[php_form.Sent], itemid: int, filepath: str) -> list[dict[str, Any]]:
    """What is told of each file; a name that is there already is told, and the others are stored."""
    answer: list[dict[str, Any]] = []
    for sent in sent_files:
        name, data = CLEANERS["file"](sent.name), sent.content
        if not (filepath.startswith("/") and filepath.endswith("/")):
            message = "Unknown exception related to local files (Invalid file path)"
            raise MoodleProblem("storedfileproblem", message)
        if len(name) > LONGEST_NAME:
            message = f"Cannot create file {USER_CONTEXT}/user/draft/{itemid}{filepath}{name}"
            raise MoodleProblem("storedfilenotcreated", message)
        area = site.add_draft(itemid, filepath, name, data) if name else None
        if area is None:
            error = f"File name already exists: {name}"
            answer.append(
                {
                    "filename": name,
                    "filepath": f"/tmp/php{secrets.token_hex(3)}",  # noqa: S108 (PHP's own)
                    "size": len(data),
                    "errortype": "filenameexist",
                    "error": error,
                }
            )
            continue
        itemid = area
        answer.append(
            {
                "component": "user",
                "contextid": USER_CONTEXT,
                "userid": str(USER_ID),
                "filearea": "draft",
                "filename": name,
                "filepath": filepath,
                "itemid": area,
                "license": "unknown",
                "author": "Norm-hours Bridge",
                "source": f'O:8:"stdClass":1:{{s:6:"source";s:{len(name.encode())}:"{name}";}}',
                "filesize": len(data),
            }
        )
    return answer


def give(site: Site, request: Request, path: str) -> Response:
    """Send the file of a resource module; anything else is not found."""
    kind = "application/json; charset=utf-8"
    try:
        _authenticate(site, parameters(request))
    except MoodleProblem as problem:
        return _refusal(problem, kind)
    context, _, rest = path.partition("/")
    for module in site.store.rows(
        "SELECT * FROM module WHERE modname = 'resource' AND contextid = ?", clean_int(context)
    ):
        name, content = resource_file(module)
        if unquote(rest) == f"mod_resource/content/1/{name}":
            headers = [
                ("Content-Disposition", f'attachment; filename="{name}"'),
                ("Access-Control-Allow-Origin", "*"),
            ]
            return Response(content, content_type="text/plain", headers=headers)
    return _refusal(
        MoodleProblem("filenotfound", "Sorry, the requested file could not be found"),
        kind,
        status="404 not found",
    )


def _authenticate(site: Site, given: dict[str, Any]) -> None:
    if "token" not in given:
        raise MoodleProblem("missingparam", "A required parameter (token) was missing")
    if given["token"] != site.token:
        raise invalid_token()


def _refusal(problem: MoodleProblem, content_type: str, status: str = "200 OK") -> Response:
    answer = {
        "error": problem.message,
        "errorcode": problem.errorcode,
        "stacktrace": None,
        "debuginfo": None,
        "reproductionlink": None,
    }
    return Response(php_json(answer), status=status, content_type=content_type, headers=list(_HEADERS))
