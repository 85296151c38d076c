"""osTicket with the plugin, for the contract's test suite: what its people do, done through its own web
forms.

Every test gets organizations of its own and a token that is for one of them only, so that one installation
serves any number of tests and runs.
"""

from __future__ import annotations

import html
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from bridge.domain.tickets import same_category
from tests.contract.engine import HttpEngine

PASSWORD = "Contract-1234"
FIELDS = (
    "installation",
    "service",
    "variant",
    "quantity",
    "action",
    "params",
    *(
        f"param_{name}"
        for name in (
            "shortname",
            "fullname",
            "name",
            "description",
            "context_levels",
            "capabilities",
            "category_id",
        )
    ),
)
"""Variable names of the form that the paid help topics have."""

RICH = ("params", "param_description", "param_capabilities")
"""Fields of several lines, for which osTicket shows its editor."""


@dataclass(frozen=True)
class Organization:
    id: int
    user: int
    customer: Browser
    email: str


class Browser:
    """Somebody who is logged in: pages are read for osTicket's token against forged forms, and forms are
    sent with it.
    """

    def __init__(self, site: str) -> None:
        self.site = site
        self.session = requests.Session()
        self._token = ""

    def get(self, path: str) -> str:
        return self._read(self.session.get(self.site + path, timeout=60))

    def post(self, path: str, fields: Iterable[tuple[str, str]] | Mapping[str, str]) -> str:
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        return self._read(
            self.session.post(self.site + path, data=[("__CSRFToken__", self._token), *pairs], timeout=60)
        )

    def _read(self, answer: requests.Response) -> str:
        # osTicket 1.17 shows the form to log in with status 422.
        assert answer.ok or "login.php" in answer.url, (
            f"{answer.url}: {answer.status_code} {answer.text[:300]}"
        )
        found = re.search(r'name="(?:csrf_token" content|__CSRFToken__" value)="([^"]+)"', answer.text)
        self._token = found.group(1) if found else self._token
        return answer.text


class OsTicket(HttpEngine):
    """The osTicket at OSTICKET_URL; OSTICKET_STAFF is an administrator, "login:password"."""

    def __init__(self, site: str, login: str, password: str) -> None:
        self.url = f"{site}/api/otbridge/v1"
        self.prefix = f"{uuid.uuid4().hex[:10]}-"
        self._site = site
        self._staff = Browser(site)
        self._staff.get("/scp/login.php")
        assert "logout.php" in self._staff.post(
            "/scp/login.php", {"do": "scplogin", "userid": login, "passwd": password}
        ), "login"
        self._organizations: dict[str, Organization] = {}
        self._topics: dict[str, int] = {}
        self._owners: dict[str, Organization] = {}
        self.token = ""

    @staticmethod
    @contextmanager
    def start(_directory: Path) -> Iterator[OsTicket]:
        site, staff = os.environ.get("OSTICKET_URL", ""), os.environ.get("OSTICKET_STAFF", "")
        if not (site and staff):
            pytest.skip("OSTICKET_URL and OSTICKET_STAFF name no osTicket")
        yield OsTicket(site.rstrip("/"), *staff.split(":", 1))

    def account_id(self, name: str) -> str:
        """The portal's id of an account that a test opened under this name."""
        return f"org-{self._organizations[name].id}"

    def open_account(
        self, name: str, customer: str, *, granted: str = "0", hour_price: str = "", overdraft: str = "0"
    ) -> None:
        """An organization with one user, who has an account to log in with; its balance."""
        word = f"u{uuid.uuid4().hex[:12]}"
        made = self._staff.post("/scp/ajax.php/orgs/add", {"name": f"{customer} {word}"})
        org = int(re.search(r'"id":"?(\d+)', made).group(1))  # type: ignore[union-attr]
        user = self._staff.post(
            f"/scp/ajax.php/orgs/{org}/add-user", {"name": "Анна Петрова", "email": f"{word}@example.ru"}
        )
        user_id = re.search(r'"id":"?(\d+)', user).group(1)  # type: ignore[union-attr]
        self._staff.session.post(
            f"{self._site}/scp/ajax.php/users/{user_id}/register",
            data={
                "__CSRFToken__": self._staff._token,
                "username": word,
                "passwd1": PASSWORD,
                "passwd2": PASSWORD,
                "timezone": "UTC",
            },
            timeout=60,
        )
        browser = Browser(self._site)
        browser.get("/login.php")
        assert "logout.php" in browser.post("/login.php", {"luser": word, "lpasswd": PASSWORD}), (
            "the customer's login"
        )
        self._organizations[name] = Organization(org, int(user_id), browser, f"{word}@example.ru")
        self._account("terms", org, overdraft=overdraft, price=hour_price)
        if granted != "0":
            self.top_up(name, granted)
        if len(self._organizations) < 3:
            self.token = self.add_token(("ledger:read", "ledger:write", "tickets:read", "tickets:write"))

    def top_up(self, name: str, hours: str) -> None:
        self._account(
            "top_up",
            self._organizations[name].id,
            hours=hours,
            reason="Договор № 1",
            key=f"top-up:{uuid.uuid4().hex}",
        )

    def set_terms(self, name: str, *, overdraft: str, price: str) -> None:
        """Change an account's terms, as an administrator."""
        self._account("terms", self._organizations[name].id, overdraft=overdraft, price=price)

    def named_token(self, name: str) -> None:
        """A token of this name, for nobody to use."""
        (first,) = self._organizations.values()
        self._page(
            "access",
            [
                ("do", "add_token"),
                ("name", name),
                ("scopes[]", "tickets:read"),
                ("organization", str(first.id)),
            ],
        )

    def add_token(self, scopes: Iterable[str]) -> str:
        """A token for the first account's organization; of no scope at all there is none, so one of
        another organization stands in.
        """
        first = next(iter(self._organizations.values()), None)
        fields = [("do", "add_token"), ("name", self.prefix), *(("scopes[]", one) for one in scopes)]
        page = self._page(
            "access",
            [*fields, ("organization", str(first.id) if first and len(self._organizations) == 1 else "")],
        )
        return re.search(r'class="otbridge-token">([^<]+)<', page).group(1)  # type: ignore[union-attr]

    def add_installation(self, serial: str, otkey: str) -> None:
        (first,) = self._organizations.values()
        self._page(
            "access",
            [
                ("do", "add_installation"),
                ("serial", serial),
                ("otkey", otkey),
                ("organization", str(first.id)),
            ],
        )

    def release_bridge(self, instance: str) -> None:
        """Let another bridge write in this one's place, as an administrator."""
        self._page("access", [("do", "release_bridge"), ("instance", instance)])

    def open_ticket(
        self,
        *,
        account: str,
        category: str,
        subject: str,
        installation: str | None = None,
        text: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> str:
        """Open a ticket in the browser form, as the account's user."""
        owner = self._organizations[account]
        topic = self._topic(_path(category))
        owner.customer.get("/open.php")
        page = owner.customer.post(
            "/open.php",
            {
                "a": "open",
                "topicId": str(topic),
                "subject": subject,
                "message": _edited(text or "–"),
                "installation": installation or "",
                **{name: _edited(value) if name in RICH else value for name, value in (fields or {}).items()},
            },
        )
        found = re.search(r"tickets\.php\?id=(\d+)", page)
        assert found, f"osTicket did not open the ticket: {re.findall('class=.error.>([^<]+)', page)}"
        self._owners[found.group(1)] = owner
        return found.group(1)

    def agree(self, ticket: str, stages: Sequence[tuple[str, str, str]]) -> None:
        columns = ("title[]", "hours[]", "coefficient[]")
        self._work(
            ticket,
            "agree",
            [(name, value) for stage in stages for name, value in zip(columns, stage, strict=True)],
        )

    def log_time(
        self, ticket: str, *, minutes: int, category: str = "development", stage: int | None = None
    ) -> None:
        number = "" if stage is None else self._stage(ticket, stage)
        self._work(
            ticket,
            "time",
            [("minutes", str(minutes)), ("category", category), ("stage", number), ("note", "")],
        )

    def report_ready(self, ticket: str, stage: int) -> None:
        self._work(ticket, "ready", [("stage", self._stage(ticket, stage))])

    def accept(self, ticket: str, stage: int) -> None:
        self._click(ticket, "accept", [("stage", self._stage(ticket, stage))])

    def reject(self, ticket: str, stage: int, comment: str) -> None:
        self._click(ticket, "reject", [("stage", self._stage(ticket, stage)), ("comment", comment)])

    def withdraw(self, ticket: str) -> None:
        self._click(ticket, "withdraw", [])

    def say(self, ticket: str, text: str) -> None:
        page = self._owners[ticket].customer
        (field,) = re.findall(r'<textarea name="([^"]+)" id="message"', page.get(f"/tickets.php?id={ticket}"))
        page.post(f"/tickets.php?id={ticket}", {"id": ticket, "a": "reply", field: _edited(text)})

    def correct(self, ticket: str, message: str, text: str) -> None:
        """Put another text in a message's place, as an agent; osTicket keeps the old one hidden. `message`
        is the contract's id.
        """
        self._staff.get(f"/scp/tickets.php?id={ticket}")
        self._staff.post(
            f"/scp/ajax.php/tickets/{ticket}/thread/{message.removeprefix('n')}/edit",
            {"title": "", "body": _edited(text), "commit": "save"},
        )

    def copy_in(self, ticket: str, account: str) -> str:
        """Let the user of another account read along; returns the ticket's page as that user sees it."""
        outsider = self._organizations[account]
        thread = re.search(r"thread/(\d+)/", self._staff.get(f"/scp/tickets.php?id={ticket}")).group(1)  # type: ignore[union-attr]
        self._staff.post(f"/scp/ajax.php/thread/{thread}/add-collaborator/addcc", {"id": str(outsider.user)})
        return outsider.customer.get(f"/tickets.php?id={ticket}")

    def customer_page(self, ticket: str) -> str:
        """The ticket's page as its customer sees it."""
        return self._owners[ticket].customer.get(f"/tickets.php?id={ticket}")

    def agent_page(self, ticket: str) -> str:
        """The ticket's page as an agent sees it."""
        return self._staff.get(f"/scp/tickets.php?id={ticket}")

    def access_page(self) -> str:
        """The page of access, as an administrator sees it."""
        return self._staff.get("/scp/ajax.php/otbridge/access")

    def accounts_page(self) -> str:
        """The page of balances, as an administrator sees it."""
        return self._staff.get("/scp/ajax.php/otbridge/accounts")

    def edit_fields(self, ticket: str, fields: Mapping[str, str]) -> None:
        page = self._owners[ticket].customer
        page.get(f"/tickets.php?id={ticket}&a=edit")
        page.post(f"/tickets.php?id={ticket}", {"id": ticket, "a": "edit", "subject": "Роль", **fields})

    def move(self, ticket: str, category: str) -> None:
        """Give a ticket another help topic, as an agent."""
        topic = self._topic(_path(category))
        form = self._staff.get(f"/scp/ajax.php/tickets/{ticket}/field/topic/edit")
        (field,) = re.findall(r'<select name="([^"]+)"', form)
        changed = self._staff.post(
            f"/scp/ajax.php/tickets/{ticket}/field/topic/edit", {field: str(topic), "comments": ""}
        )
        assert "successfully" in changed, changed[:500]

    def merge(self, ticket: str, into: str, *, delete: bool = False) -> None:
        """Merge a ticket into another one, as an agent; the child is deleted where that is asked for."""
        numbers = [self._number(one) for one in (into, ticket)]
        self._staff.get(f"/scp/tickets.php?id={into}")
        self._staff.post(
            f"/scp/ajax.php/tickets/{into}/merge",
            [
                *(("tids[]", one) for one in numbers),
                ("combine", "1"),
                ("childStatusId", "3"),
                ("parentStatusId", ""),
                ("participants", "all"),
                *([("delete-child", "on")] if delete else []),
            ],
        )

    def link(self, ticket: str, to: str) -> None:
        """Link a ticket to another one: each stays a ticket of its own."""
        numbers = [self._number(one) for one in (to, ticket)]
        self._staff.get(f"/scp/tickets.php?id={to}")
        asked = [*(("tids[]", one) for one in numbers), ("combine", "2"), ("title", "link")]
        self._staff.session.post(
            f"{self._site}/scp/ajax.php/tickets/{to}/link",
            data=[("__CSRFToken__", self._staff._token), *asked],
            timeout=60,
        )

    def delete(self, ticket: str) -> None:
        """Delete a ticket, as an agent."""
        self._set_status(ticket, "5")

    def close(self, ticket: str) -> None:
        """Close a ticket, as an agent."""
        self._set_status(ticket, "3")

    def reopen(self, ticket: str) -> None:
        """Open a closed ticket again, as an agent."""
        self._set_status(ticket, "1")

    def give_to(self, account: str, ticket: str) -> None:
        """Give the ticket's user to another account's organization, as an agent."""
        self._staff.get("/scp/users.php")
        org, user = self._organizations[account].id, self._owners[ticket].user
        assert str(org) in self._staff.post(f"/scp/ajax.php/users/{user}/org", {"orgid": str(org)})

    def open_by_api(self, *, account: str, category: str, subject: str, fields: Mapping[str, str]) -> str:
        """Open a ticket through osTicket's own API, under an e-mail address of the account's user."""
        self._staff.get("/scp/apikeys.php?a=add")
        self._staff.post(
            "/scp/apikeys.php",
            {
                "do": "add",
                "a": "add",
                "ipaddr": "127.0.0.1",
                "isactive": "1",
                "can_create_tickets": "1",
                "notes": "",
            },
        )
        key = re.findall(r"\b[0-9A-F]{32}\b", self._staff.get("/scp/apikeys.php"))[0]
        owner = self._organizations[account]
        told = {
            "name": "Анна",
            "email": owner.email,
            "subject": subject,
            "message": "–",
            "topicId": self._topic(_path(category)),
            **fields,
        }
        made = requests.post(
            f"{self._site}/api/tickets.json", headers={"X-API-Key": key}, json=told, timeout=60
        )
        assert made.status_code == 201, made.text
        number = made.text.strip()
        ticket = re.search(
            r"tickets\.php\?id=(\d+)", self._staff.get(f"/scp/tickets.php?a=search&query={number}")
        ).group(1)  # type: ignore[union-attr]
        self._owners[ticket] = owner
        return ticket

    def fill_twice(self, ticket: str, name: str, value: str) -> None:
        """Give a ticket a second form with a variable of the same name, filled with another value, as an
        agent.
        """
        first, second = self._form(), self._form(f"Уточнение {name}", (name,))
        self._staff.get(f"/scp/tickets.php?id={ticket}")
        self._staff.post(
            f"/scp/ajax.php/tickets/{ticket}/forms/manage",
            [("forms[]", str(first)), ("forms[]", str(second))],
        )
        page = self._staff.get(f"/scp/tickets.php?id={ticket}")
        field = re.findall(r"/field/(\d+)/edit", page)[-1]
        form = self._staff.get(f"/scp/ajax.php/tickets/{ticket}/field/{field}/edit")
        (box,) = re.findall(r'<input type="text"[^>]*name="([^"]+)"', form)
        self._staff.post(f"/scp/ajax.php/tickets/{ticket}/field/{field}/edit", {box: value, "comments": ""})

    def drop_namesakes(self, name: str) -> None:
        """Delete the other help topics that are the same category to the contract; their tickets stand
        below none.
        """
        self._topic((name,))
        found = [
            str(number) for one, number in self._topics.items() if one != name and same_category(one) == name
        ]
        self._staff.get("/scp/helptopics.php")
        self._staff.post(
            "/scp/helptopics.php",
            [("do", "mass_process"), ("a", "delete"), *(("ids[]", one) for one in found)],
        )
        self._topics = {}

    def rename_topic(self, name: str, to: str) -> None:
        """Give a help topic another name; both are full names below the same topic."""
        path = _path(name)
        number, above = self._topic(path), self._topic(path[:-1]) if len(path) > 1 else 0
        self._staff.get(f"/scp/helptopics.php?id={number}")
        self._save_topic(number, above, to.rsplit("/", maxsplit=1)[-1].strip())
        self._topics = {}

    def _set_status(self, ticket: str, status: str) -> None:
        self._staff.get(f"/scp/tickets.php?id={ticket}")
        done = self._staff.post(
            f"/scp/ajax.php/tickets/{ticket}/status", {"status_id": status, "comments": ""}
        )
        assert "Success" in done, done[:500]

    def _number(self, ticket: str) -> str:
        """What people call a ticket."""
        return re.search(r"Ticket #(\d+)", self._staff.get(f"/scp/tickets.php?id={ticket}")).group(1)  # type: ignore[union-attr]

    @contextmanager
    def processing(self, key: str) -> Iterator[None]:
        pytest.skip(f"nobody outside of osTicket can keep the key {key} busy")
        yield

    def _stage(self, ticket: str, number: int) -> str:
        """The plugin's number of a stage, from the contract itself."""
        headers = {"Authorization": f"Bearer {self.token}"}
        told = requests.get(f"{self.url}/tickets/{ticket}", headers=headers, timeout=60).json()
        return str(told["stages"][number - 1]["id"]).removeprefix("s")

    def _click(self, ticket: str, what: str, fields: list[tuple[str, str]]) -> None:
        page = self._owners[ticket].customer
        page.get(f"/tickets.php?id={ticket}")
        answer = page.post(f"/ajax.php/otbridge/tickets/{ticket}", [("do", what), *fields])
        assert 'id="msg_error"' not in answer, re.findall('id="msg_error">([^<]+)', answer)

    def _work(self, ticket: str, what: str, fields: list[tuple[str, str]]) -> None:
        self._staff.get(f"/scp/tickets.php?id={ticket}")
        answer = self._staff.post(f"/scp/ajax.php/otbridge/tickets/{ticket}", [("do", what), *fields])
        assert 'id="msg_error"' not in answer, re.findall('id="msg_error">([^<]+)', answer)

    def _account(self, what: str, org: int, **fields: str) -> None:
        self._page("accounts", [("do", what), ("organization", str(org)), *fields.items()])

    def _page(self, name: str, fields: list[tuple[str, str]]) -> str:
        self._staff.get(f"/scp/ajax.php/otbridge/{name}")
        answer = self._staff.post(f"/scp/ajax.php/otbridge/{name}", fields)
        assert 'id="msg_error"' not in answer, re.findall('id="msg_error">([^<]+)', answer)
        return answer

    def _topic(self, path: tuple[str, ...], parent: int = 0) -> int:
        """The help topic of this path, made with its form where it is missing."""
        full = " / ".join(path)
        if not self._topics:
            page = self._staff.get("/open.php")
            listed = re.findall(r'<option value="(\d+)"[^>]*>([^<]+)</option>', page)
            self._topics = {html.unescape(name).strip(): int(number) for number, name in listed}
        if full not in self._topics:
            above = self._topic(path[:-1]) if len(path) > 1 else 0
            self._staff.get("/scp/helptopics.php?a=add")
            self._save_topic(None, above, path[-1])
            self._topics = {}
            return self._topic(path)
        return self._topics[full]

    def _save_topic(self, number: int | None, above: int, name: str) -> None:
        which = (
            [("do", "create"), ("a", "add")] if number is None else [("do", "update"), ("id", str(number))]
        )
        self._staff.post(
            "/scp/helptopics.php",
            [
                *which,
                ("topic", name),
                ("topic_pid", str(above)),
                ("ispublic", "1"),
                ("status", "active"),
                ("dept_id", "0"),
                ("custom-numbers", "0"),
                ("status_id", "0"),
                ("priority_id", "0"),
                ("sla_id", "0"),
                ("page_id", "0"),
                ("assign", "0"),
                ("forms[]", str(self._form())),
                ("fields[]", ""),
            ],
        )

    def _form(self, title: str = "Заказ", names: Sequence[str] = FIELDS) -> int:
        """The form of orders, or another one, made where it is missing."""
        for _ in range(2):
            found = re.search(rf'\?id=(\d+)"[^>]*>\s*{title}\s*<', self._staff.get("/scp/forms.php"))
            if found:
                return int(found.group(1))
            fields = [("do", "add"), ("title", title), ("instructions", ""), ("notes", "")]
            for number, name in enumerate(names):
                kind = "memo" if name in RICH else "text"
                fields += [
                    (f"sort-new-{number}", str(number + 1)),
                    (f"label-new-{number}", name),
                    (f"type-new-{number}", kind),
                    (f"name-new-{number}", name),
                    (f"visibility-new-{number}", "a"),
                ]
            self._staff.get("/scp/forms.php?a=add")
            self._staff.post("/scp/forms.php?a=add", fields)
        raise AssertionError("osTicket did not keep the form of orders")


def _path(category: str) -> tuple[str, ...]:
    """The names of the help topics of a category, from the top."""
    return tuple(one.strip(" ") for one in category.split("/") if one.strip())


def _edited(text: str) -> str:
    """What osTicket's editor makes of lines of text."""
    return "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n"))
