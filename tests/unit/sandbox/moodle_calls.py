"""The two ways of calling the embedded Moodle without the bridge's own client."""

from __future__ import annotations

from typing import Any

import requests

from bridge.sandbox.moodle import SandboxMoodle


def rest(moodle: SandboxMoodle, function: str, form: Any = "json", **fields: Any) -> Any:
    """Call a function over REST with plain form fields; {"a[0][b]": 1} is given as `**{"a[0][b]": 1}`."""
    sent = {
        "wstoken": moodle.token,
        "wsfunction": function,
        **({"moodlewsrestformat": form} if form else {}),
        **fields,
    }
    answer = requests.post(f"{moodle.url}/webservice/rest/server.php", data=sent, timeout=10)
    return answer.json() if form == "json" else answer.text


def soap(moodle: SandboxMoodle, body: str) -> requests.Response:
    """Send the inside of a SOAP body."""
    envelope = (
        '<?xml version="1.0" encoding="UTF-8"?><e:Envelope '
        'xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:m="http://xml.apache.org/xml-soap"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/">'
        f"<e:Body>{body}</e:Body></e:Envelope>"
    )
    address = f"{moodle.url}/webservice/soap/server.php?wstoken={moodle.token}"
    return requests.post(address, data=envelope.encode(), headers={"Content-Type": "text/xml"}, timeout=10)
