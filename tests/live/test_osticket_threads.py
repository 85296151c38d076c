"""What osTicket does with messages, files and readers on its own, and what the contract and the customer's
page make of it.
"""

from __future__ import annotations

import email
import email.policy
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contract.osticket import OsTicket
from tests.e2e.conftest import PAID

pytestmark = pytest.mark.live


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[OsTicket]:
    """An osTicket with a customer of ten hours."""
    with OsTicket.start(tmp_path) as portal:
        portal.open_account("school", "Школа № 7", granted="10")
        yield portal


@pytest.fixture
def ticket(portal: OsTicket) -> str:
    return portal.open_ticket(account="school", category=PAID, subject="Роль", text="пароль: 12345")


def get(portal: OsTicket, path: str) -> requests.Response:
    return requests.get(portal.url + path, headers={"Authorization": f"Bearer {portal.token}"}, timeout=60)


def post(portal: OsTicket, path: str, key: str, **given: Any) -> requests.Response:
    headers = {
        "Authorization": f"Bearer {portal.token}",
        "Idempotency-Key": f"{portal.prefix}{key}",
        "Content-Type": "text/plain",
    }
    return requests.post(
        portal.url + path, headers={**headers, **given.pop("headers", {})}, timeout=60, **given
    )


def test_what_an_agent_corrects_is_told_anew_and_what_it_replaced_no_more(
    portal: OsTicket, ticket: str
) -> None:
    page = get(portal, "/tickets").json()
    (message,) = page["tickets"][0]["thread"]
    version = page["tickets"][0]["version"]
    for text in (
        "пароль: ***",
        "пароль убран",
    ):  # osTicket keeps the first text hidden and drops the second one
        portal.correct(ticket, message["id"], text)
        page = get(portal, f"/tickets?cursor={page['next_cursor']}").json()
        assert [one["id"] for one in page["tickets"]] == [ticket]
        assert page["tickets"][0]["version"] > version
        version = page["tickets"][0]["version"]
        (message,) = page["tickets"][0]["thread"]
        assert (message["text"], message["author"]) == (text, "customer")


def test_who_is_only_copied_in_sees_no_balance(portal: OsTicket, ticket: str) -> None:
    portal.open_account("other", "Академия")
    portal.agree(ticket, [("Этап для чужих глаз", "1", "1")])
    assert "otbridge-balance" in portal.customer_page(ticket)
    seen = portal.copy_in(ticket, "other")
    assert "Этап для чужих глаз" in seen
    assert "otbridge-balance" not in seen


@pytest.mark.parametrize("content", [b"0", b"x" * 512_000 + b"0"], ids=["0", "a block and 0"])
def test_a_file_that_osticket_stores_otherwise_is_not_taken(
    portal: OsTicket, ticket: str, content: bytes
) -> None:
    answer = post(portal, f"/tickets/{ticket}/attachments?name=a.txt", "a", data=content)
    if answer.status_code == 201:
        assert get(portal, f"/tickets/{ticket}/attachments/{answer.json()['id']}").content == content
    else:
        assert answer.status_code == 500
        assert get(portal, f"/tickets/{ticket}").json()["attachments"] == []


def test_a_form_is_no_file(portal: OsTicket, ticket: str) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = post(portal, f"/tickets/{ticket}/attachments?name=a.txt", "a", data=b"--x\r\n", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), (
        "PHP takes such a body apart, and nothing is left of it"
    )


def test_a_message_that_osticket_would_cut_is_too_large(portal: OsTicket, ticket: str) -> None:
    told = {"text": "я" * 40_000, "visibility": "customer"}
    answer = post(
        portal, f"/tickets/{ticket}/notes", "n", json=told, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_each_message_to_the_customer_is_mailed_once_and_no_internal_one(
    portal: OsTicket, ticket: str, unique: str
) -> None:
    folder = os.environ.get("OSTICKET_MAIL", "")
    if not folder:
        pytest.skip("OSTICKET_MAIL names no folder in which mails are left")
    with portal.connect(portal.token) as bridge:
        for _ in range(2):
            bridge.note("a", ticket, f"Готово: {unique} <script>1</script>")
        bridge.note("b", ticket, f"Для специалиста: {unique}", internal=True)
    deadline = time.monotonic() + 10
    mails: list[str] = []
    while not mails and time.monotonic() < deadline:
        time.sleep(0.5)
        mails = [text for path in Path(folder).glob("*.eml") if unique in (text := html_of(path))]
    assert len(mails) == 1
    assert f"Готово: {unique} &lt;script&gt;" in mails[0]
    assert "<script" not in mails[0]


def html_of(path: Path) -> str:
    """The HTML of a mail."""
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    part = mail.get_body(("html",))
    return "" if part is None else str(part.get_content())
