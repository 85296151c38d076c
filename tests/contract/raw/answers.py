"""Answers without what differs from site to site and from day to day: ids, times, addresses, tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from lxml import etree

from tests.contract.raw.asked import Raw

SOAP_ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
NUMBERS = {
    "id", "contextid", "timecreated", "timemodified", "timestarted", "timefinished", "sortorder", "cacherev",
    "startdate", "enddate", "itemid", "userid", "instance", "cmid", "categoryid", "category", "parent",
    "lastcron", "time", "stored", "courseid", "size", "adhocqueued", "pluginversion", "upload", "progress",
    "version", "backuptime", "origin",
}  # fmt: skip
"""Numbers whose value is the site's own."""
GROWING = {
    "functions": {"core_webservice_get_site_info", "core_course_get_categories", "local_otbridge_run"},
    "capabilities": {"local/otbridge:view", "local/otbridge:run", "moodle/user:viewalldetails"},
    "steps": {"group.create", "role.create", "course.restore"},
}
"""Lists that grow with every new step or action, and in whose order nothing lies: what counts of them."""
DESCRIBED = ("core_course_get_c", "core_webservice", "local_otbridge_get", "local_otbridge_run")
"""Beginnings of the names of functions that count of a WSDL."""
TEXTS = {
    "phpversion",
    "userprivateaccesskey",
    "release",
    "pluginrelease",
    "siteidentifier",
    "hash",
    "ref",
    "whentext",
    "sitename",
    "siteurl",
}
"""Texts of that kind."""


def told(raw: Raw, answer: requests.Response, values: dict[str, str]) -> Any:
    """What an answer says, as JSON; `values` learn what the request keeps of it."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    found: dict[str, Any] = {"status": answer.status_code, "type": kind}
    body = answer.content
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if document is not None or body.strip() == b"null":
        for name, path in raw.keep.items():
            values[name] = str(_at(document, path, values.get(name, "0")))
        if raw.only:
            wanted = raw.only.replace("$u$", values["u"])
            document = _only(document, wanted)
        found["json"] = _plain(document, values)
    elif body.lstrip().startswith((b"<?xml", b"<SOAP", b"<RESPONSE", b"<EXCEPTION")):
        found["xml"] = _plain(_xml(body), values)
    elif kind != "text/html":
        found["text"] = re.sub(r"\s+", " ", _text(answer.text, values))[:60]
    return found


def _at(document: Any, path: str, default: str) -> Any:
    for part in path.split("."):
        try:
            document = document[int(part) if part.isdecimal() else part]
        except (LookupError, TypeError):
            return default
    return document


def _only(document: Any, wanted: str) -> Any:
    if isinstance(document, dict) and isinstance(document.get("courses"), list):
        return {**document, "courses": _only(document["courses"], wanted)}
    if isinstance(document, list):
        return [one for one in document if wanted in json.dumps(one)]
    return document


def _plain(value: Any, values: Mapping[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _plain(one, values, name) for name, one in value.items()}
    if isinstance(value, list):
        items = [_plain(one, values, key) for one in value]
        if key in GROWING and all(isinstance(one, dict) for one in items):
            return sorted((one for one in items if one.get("name") in GROWING[key]), key=json.dumps)
        if all(isinstance(one, (dict, list)) for one in items):
            items = [one for number, one in enumerate(items) if one not in items[:number]]
        return items
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        if key in NUMBERS:
            return 0 if value == 0 else f"<{type(value).__name__}>"
        return value
    if key in ("result", "faults", "facts", "policy", "limits", "needs"):
        try:
            return {"as JSON": _plain(json.loads(value), values, key)}
        except ValueError:
            pass
    if (key in TEXTS and value) or (key in NUMBERS and value.isdecimal()):
        return "<text>"
    return _text(value, values)


def _text(text: str, values: Mapping[str, str]) -> str:
    for name in ("url", "weak", "token", "TOKEN", "admin", "uuid", "UUID", "u", "sitename", "siteshort"):
        if values.get(name) and (not name.startswith("site") or text == values[name]):
            text = text.replace(values[name], f"${name}$")
    text = re.sub(r"(\bid[=:]|/|file |this course|course ID |recyclebin:)\d+", r"\1<n>", text)
    text = re.sub(r"^/(<n>/?)+$", "<path>", text)
    text = re.sub(r"^/tmp/php\w+$", "<file of PHP>", text)
    text = re.sub(r"wsupload[0-9a-f]+\.\d+_\d+\.tmp", "<file of Moodle>", text)
    text = re.sub(r", called in .*", "", text)
    text = re.sub(r"\b1[67]\d{8}\b", "<time>", text)
    text = re.sub(r"webservices_(virtual_class|struct_class)_\d{6}", r"\1", text)
    return text if len(text) <= 300 else f"{text[:120]}… ({len(text)})"


def _xml(body: bytes) -> Any:
    try:
        root = etree.fromstring(
            body, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        )
    except etree.XMLSyntaxError as error:
        return f"no XML: {(error.msg or '').partition(',')[0]}"
    if root.tag.endswith("definitions"):
        return _wsdl(root)
    if root.tag == "RESPONSE":
        return {"RESPONSE": [_response(one) for one in root]}
    inner = root.find(f"{SOAP_ENVELOPE}Body/*")
    if inner is None:
        return _element(root)
    if inner.tag == f"{SOAP_ENVELOPE}Fault":
        return {"fault": {etree.QName(one).localname: one.text or "" for one in inner}}
    return {etree.QName(inner).localname: {etree.QName(one).localname: _value(one) for one in inner}}


def _response(node: etree._Element) -> Any:
    """A value of REST's XML."""
    if node.tag == "SINGLE":
        return {str(one.get("name")): _response(one[0]) for one in node}
    if node.tag == "MULTIPLE":
        return [_response(one) for one in node]
    return None if node.get("null") == "null" else node.text or ""


def _element(node: etree._Element) -> Any:
    inner = [_element(one) for one in node]
    attributes = "".join(f" {key!s}={node.get(key)}" for key in sorted(map(str, node.attrib)))
    name = f"{etree.QName(node).localname}{attributes}"
    return {name: inner or node.text or ""}


def _value(node: etree._Element) -> Any:
    """A value of SOAP, with its type where that is no plain one."""
    if node.get(f"{XSI}nil") == "true":
        return None
    kind = (node.get(f"{XSI}type") or "").rpartition(":")[2]
    if kind == "Map":
        return {str(_value(one[0])): _value(one[1]) for one in node}
    if kind == "Array":
        return [_value(one) for one in node]
    if len(node):
        return {etree.QName(one).localname: _value(one) for one in node}
    text = node.text or ""
    if kind == "int":
        return int(text)
    if kind == "boolean":
        return text == "true"
    if kind == "float":
        return float(text)
    return text


def _wsdl(root: etree._Element) -> Any:
    space = "{http://schemas.xmlsoap.org/wsdl/}"
    return {
        message.get("name"): {part.get("name"): part.get("type") for part in message}
        for message in root.iter(f"{space}message")
        if str(message.get("name")).startswith(DESCRIBED)
    }


def differences(one: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two answers differ: the path, what stands in the first, what in the second."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from differences(
                one.get(key, MISSING), other.get(key, MISSING), f"{path}.{key}" if path else key
            )
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from differences(left, right, f"{path}[]")
    elif one != other or type(one) is not type(other):
        yield path, one, other


MISSING = "(nothing)"
