"""core_files_upload: a file, given in base64, into a draft area."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bridge.sandbox.moodle.descriptions import Struct, Value, default
from bridge.sandbox.moodle.problems import (
    MoodleProblem,
    invalid_parameter,
    missing_capability,
)
from bridge.sandbox.moodle.registry import external
from bridge.sandbox.moodle.site import USER_CONTEXT, USER_ID

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


@external(
    "core_files_upload",
    "upload a file to moodle",
    {
        "contextid": default("int", None, "context id"),
        "component": Value("component", "component"),
        "filearea": Value("area", "file area"),
        "itemid": Value("int", "associated id"),
        "filepath": Value("path", "file path"),
        "filename": Value("file", "file name"),
        "filecontent": Value("text", "file content"),
        "contextlevel": default("alpha", None, "the context level to put the file in"),
        "instanceid": default("int", None, "the instance id of the item"),
    },
    Struct(
        {
            "contextid": Value("int"),
            "component": Value("component"),
            "filearea": Value("area"),
            "itemid": Value("int"),
            "filepath": Value("text"),
            "filename": Value("file"),
            "url": Value("text"),
        }
    ),
)
def upload(site: Site, params: Mapping[str, Any]) -> Any:
    """Put a file, given in base64, into a draft area."""
    if (params["component"], params["filearea"]) != ("user", "draft"):
        message = "File can be uploaded to user draft area only"
        raise MoodleProblem(
            "codingerror",
            f"Coding error detected, it must be fixed by a programmer: {message}",
            php_class="core\\exception\\coding_exception",
        )
    if params["contextid"] not in {None, 0, USER_CONTEXT}:
        raise invalid_parameter("Context does not exist")
    if not params["contextid"] and (params["contextlevel"] != "user" or not params["instanceid"]):
        raise invalid_parameter("The context could not be found from the parameters")
    filepath = params["filepath"] or "/"
    there = {one["filepath"] for one in site.drafts(params["itemid"] or 0)}
    if (not params["contextid"] and params["instanceid"] != USER_ID) or filepath not in {"/", *there}:
        raise MoodleProblem("nofile", "File not specified")
    if not site.has_capability("moodle/user:manageownfiles"):
        raise missing_capability("Manage own private files")
    try:
        data = base64.b64decode(re.sub(r"[^A-Za-z0-9+/]", "", params["filecontent"]) + "==")
    except binascii.Error as error:
        raise invalid_parameter("filecontent is not base64") from error
    filename = (
        params["filename"]
        or f"wsupload{secrets.token_hex(7)}.{secrets.randbelow(10**8)}_{int(time.time())}.tmp"
    )
    itemid = site.add_draft(params["itemid"] or 0, filepath, filename, data)
    if itemid is None:
        raise MoodleProblem("fileexist", "error/fileexist")
    return {
        "contextid": USER_CONTEXT,
        "component": "user",
        "filearea": "draft",
        "itemid": itemid,
        "filepath": filepath,
        "filename": filename,
        "url": f"{site.url}/draftfile.php/{USER_CONTEXT}/user/draft/{itemid}{filepath}{quote(filename)}",
    }
