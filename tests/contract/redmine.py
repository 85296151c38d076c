"""A Redmine for the contract's suite: what its people do, done through its REST API under their own keys, so
that Redmine's own rights hold.

Every test gets projects and users of its own, so that one Redmine serves any number of tests and runs.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import TypeAdapter

from bridge.domain.tickets import StageState, TicketState
from bridge.flow.context import utc_now
from bridge.journal import Journal, migrate
from bridge.journal.portal_books import JournalBooks
from bridge.portal import Retries
from bridge.portal.redmine.adapter import RedminePortal
from bridge.portal.redmine.connect import connect
from bridge.portal.redmine.convention import RedmineConvention
from tests.contract.engine import PAID

SETTLE = timedelta(seconds=1)
CONSENT = "Списать часы этапа с баланса"
"""The field that a customer fills in with the acceptance."""

ROLES = {"customer": "Заказчик", "specialist": "Специалист", "bridge": "Мост нормо-часов"}


@cache
def set_up(runner: str) -> str:
    """Set the Redmine up as its administrator would, once for all tests; returns the table
    [portal.redmine] that the script prints.
    """
    script = subprocess.run(
        [Path(sys.executable).with_name("otbridge"), "init-redmine", "--project", "otbridge-setup"],
        check=True,
        capture_output=True,
    )
    # The suite logs time under a category of its own, and the script wants a project.
    more = (
        b'Project.find_by(identifier: "otbridge-setup") || Project.create!(name: "otbridge", '
        b'identifier: "otbridge-setup")\n'
        b'TimeEntryActivity.find_or_create_by!(name: "development")\n'
    )
    made = subprocess.run(
        [*shlex.split(runner), "-"], input=more + script.stdout, check=False, capture_output=True
    )
    assert made.returncode == 0, made.stderr.decode()[-2000:]
    return made.stdout.decode()


class Person:
    """Somebody with an API key, and where a password is given with a browser."""

    def __init__(self, site: str, key: str, login: str = "", password: str = "") -> None:
        self._site = site
        self._login = {"username": login, "password": password}
        self._session = requests.Session()
        self._session.headers["X-Redmine-API-Key"] = self.key = key

    def get(self, path: str, **params: str) -> Any:
        return self._told(self._session.get(self._site + path, params=params, timeout=60))

    def send(self, method: str, path: str, **body: Any) -> Any:
        return self._told(self._session.request(method, self._site + path, json=body, timeout=60))

    def page(self, path: str) -> str:
        """A page as the person's browser gets it."""
        with requests.Session() as browser:
            form = browser.get(f"{self._site}/login", timeout=60).text
            token = re.search(r'name="authenticity_token" value="([^"]+)"', form)
            assert token, "the form to log in has no token"
            browser.post(
                f"{self._site}/login", data={**self._login, "authenticity_token": token[1]}, timeout=60
            )
            shown = browser.get(self._site + path, timeout=60)
            assert shown.ok, f"{path}: {shown.status_code}"
            assert "/logout" in shown.text, "logged in"
            return shown.text

    @staticmethod
    def _told(answer: requests.Response) -> Any:
        assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content.strip() else None


@dataclass(frozen=True)
class Customer:
    """A project and its people."""

    project: int
    customer: Person
    specialist: Person


class Redmine:
    """The Redmine at REDMINE_URL; REDMINE_ADMIN_KEY is an administrator's API key, REDMINE_RUNNER runs its
    `rails runner`.
    """

    tick = 2.5
    """Redmine keeps whole seconds, and what was changed within `SETTLE` is told again."""

    forgets = True
    """What is deleted leaves nothing behind that could be told, but for what is held for it."""

    def __init__(self, site: str, admin_key: str, table: str, journal: Journal) -> None:
        self.site = site
        self.table = table
        self.convention = TypeAdapter(RedmineConvention).validate_python(
            tomllib.loads(table)["portal"]["redmine"]
        )
        self.admin = Person(site, admin_key)
        self.journal = journal
        self._roles = {one["name"]: one["id"] for one in self.admin.get("/roles.json")["roles"]}
        fields = self.admin.get("/custom_fields.json")["custom_fields"]
        self._consent = next(
            {str(one["id"]): one["possible_values"][0]["value"]} for one in fields if one["name"] == CONSENT
        )
        self._fields = {
            found[1]: one["id"]
            for one in fields
            if one["customized_type"] == "issue"
            and (found := re.fullmatch(r"(?:.*\()?([a-z_]+)\)?", one["name"]))
        }
        activities = self.admin.get("/enumerations/time_entry_activities.json")["time_entry_activities"]
        self._activities = {one["name"]: one["id"] for one in activities}
        self._bridge, self.token = self._user(f"bridge-{uuid.uuid4().hex[:12]}", uuid.uuid4().hex)
        self._customers: dict[str, Customer] = {}
        self._owners: dict[str, Customer] = {}

    @staticmethod
    @contextmanager
    def start(directory: Path) -> Iterator[Redmine]:
        site, key, runner = (os.environ.get(f"REDMINE_{name}", "") for name in ("URL", "ADMIN_KEY", "RUNNER"))
        if not (site and key and runner):
            pytest.skip("REDMINE_URL, REDMINE_ADMIN_KEY and REDMINE_RUNNER name no Redmine")
        url = f"sqlite:///{directory / 'journal.sqlite3'}"
        migrate(url)
        with Journal.open(url) as journal:
            yield Redmine(site.rstrip("/"), key, set_up(runner), journal)

    def connect(
        self, token: str, *, auth: Any = None, prefix: str = PAID, instance: str = ""
    ) -> RedminePortal:
        """A new client; each is a writer of its own, as a further process would be."""
        assert auth is None, "a Redmine knows API keys only"
        books = JournalBooks(self.journal, "test", uuid.uuid4().hex, timedelta(seconds=60), utc_now)
        return connect(
            "test",
            self.site,
            token,
            self.convention,
            books,
            category_prefix=prefix,
            settle=SETTLE,
            clock=utc_now,
            connect_timeout=5,
            read_timeout=30,
            retries=Retries(attempts=1),
            instance=instance,
        )

    def ruby(self, script: str) -> str:
        """What a script of its administrator's prints."""
        runner = shlex.split(os.environ["REDMINE_RUNNER"])
        return subprocess.run(
            [*runner, "-"], input=script, check=True, capture_output=True, text=True
        ).stdout.strip()

    def account_id(self, name: str) -> str:
        """The portal's id of an account that a test opened under this name."""
        return str(self._customers[name].project)

    def open_account(
        self, name: str, customer: str, *, granted: str = "0", hour_price: str = "", overdraft: str = "0"
    ) -> None:
        """A project with a customer and a specialist of its own; its balance."""
        fields = self.convention.project_fields
        terms = [{"id": fields.hour_price, "value": hour_price}, {"id": fields.overdraft, "value": overdraft}]
        made = self.admin.send(
            "POST",
            "/projects.json",
            project={
                "name": customer,
                "identifier": f"p{uuid.uuid4().hex[:16]}",
                "is_public": False,
                "custom_field_values": {str(one["id"]): one["value"] for one in terms},
                "tracker_ids": [self.convention.trackers.ticket, self.convention.trackers.stage],
                "enabled_module_names": ["issue_tracking", "time_tracking"],
            },
        )["project"]["id"]
        people = {}
        for kind in ("customer", "specialist"):
            login, password = f"{kind}-{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
            id_, key = self._user(login, password)
            self._join(made, id_, kind)
            people[kind] = Person(self.site, key, login, password)
        self._join(made, self._bridge, "bridge")
        self._customers[name] = Customer(made, **people)
        if granted != "0":
            self.top_up(name, granted)

    def top_up(self, name: str, hours: str) -> None:
        entry = {
            "project_id": self._customers[name].project,
            "activity_id": self.convention.activities.top_up,
            "hours": 0,
            "comments": "Договор № 1",
            "custom_field_values": {str(self.convention.entry_fields.hours): hours},
        }
        self.admin.send("POST", "/time_entries.json", time_entry=entry)

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
        owner = self._customers[account]
        given = {**({"installation": installation} if installation else {}), **(fields or {})}
        issue = {
            "project_id": owner.project,
            "tracker_id": self.convention.trackers.ticket,
            "category_id": self._category(owner, category),
            "subject": subject,
            "description": text,
            "custom_field_values": self._values(given),
        }
        ticket = str(owner.customer.send("POST", "/issues.json", issue=issue)["issue"]["id"])
        self._owners[ticket] = owner
        return ticket

    def agree(self, ticket: str, stages: Sequence[tuple[str, str, str]]) -> None:
        """The specialist enters the estimate, the customer agrees to it."""
        owner = self._owners[ticket]
        there = self._stages(ticket)
        for number, (title, hours, coefficient) in enumerate(stages):
            told = {
                "subject": title,
                "estimated_hours": hours,
                "custom_field_values": {str(self.convention.issue_fields.coefficient): coefficient},
            }
            if number < len(there):
                owner.specialist.send("PUT", f"/issues/{there[number]}.json", issue=told)
            else:
                new = {
                    **told,
                    "project_id": owner.project,
                    "tracker_id": self.convention.trackers.stage,
                    "parent_issue_id": int(ticket),
                }
                owner.specialist.send("POST", "/issues.json", issue=new)
        for agreed in ("0", "1"):
            told = {"custom_field_values": {str(self.convention.issue_fields.agreed): agreed}}
            owner.customer.send("PUT", f"/issues/{ticket}.json", issue=told)

    def log_time(
        self, ticket: str, *, minutes: int, category: str = "development", stage: int | None = None
    ) -> None:
        on = ticket if stage is None else self._stages(ticket)[stage - 1]
        entry = {"issue_id": int(on), "hours": f"0:{minutes:02}", "activity_id": self._activities[category]}
        self._owners[ticket].specialist.send("POST", "/time_entries.json", time_entry=entry)

    def report_ready(self, ticket: str, stage: int) -> None:
        self._move(
            self._owners[ticket].specialist,
            self._stages(ticket)[stage - 1],
            self.convention.stage_states[StageState.READY],
        )

    def accept(self, ticket: str, stage: int) -> None:
        stage_id, status = self._stages(ticket)[stage - 1], self.convention.stage_states[StageState.ACCEPTED]
        self._move(self._owners[ticket].customer, stage_id, status, custom_field_values=self._consent)

    def reject(self, ticket: str, stage: int, comment: str) -> None:
        stage_id = self._stages(ticket)[stage - 1]
        self._move(
            self._owners[ticket].customer,
            stage_id,
            self.convention.stage_states[StageState.REJECTED],
            comment,
        )

    def withdraw(self, ticket: str) -> None:
        self._move(
            self._owners[ticket].customer, ticket, self.convention.ticket_states[TicketState.WITHDRAWN]
        )

    def say(self, ticket: str, text: str) -> None:
        self._owners[ticket].customer.send("PUT", f"/issues/{ticket}.json", issue={"notes": text})

    def edit_fields(self, ticket: str, fields: Mapping[str, str]) -> None:
        self._owners[ticket].customer.send(
            "PUT", f"/issues/{ticket}.json", issue={"custom_field_values": self._values(fields)}
        )

    def move(self, ticket: str, category: str) -> None:
        """A ticket gets another category."""
        self._edit(ticket, category_id=self._category(self._owners[ticket], category))

    def delete(self, ticket: str) -> None:
        """A ticket is deleted with its stages; their hours are assigned to the project.

        Redmine does that only where there are some: write-offs alone, of 0 hours, go without a word.
        """
        self.log_time(ticket, minutes=1)
        self.admin.send("DELETE", f"/issues/{ticket}.json?todo=nullify")

    def delete_stage(self, ticket: str, stage: int) -> None:
        """A stage is deleted by an administrator."""
        self.admin.send("DELETE", f"/issues/{self._stages(ticket)[stage - 1]}.json")

    def rename_category(self, ticket: str, name: str) -> None:
        """The category of a ticket gets another name, of which its issues do not know."""
        category = self.admin.get(f"/issues/{ticket}.json")["issue"]["category"]["id"]
        self.admin.send("PUT", f"/issue_categories/{category}.json", issue_category={"name": name})

    def _edit(self, issue: str, **changes: Any) -> None:
        self.admin.send("PUT", f"/issues/{issue}.json", issue=changes)

    def entries(self, name: str) -> list[dict[str, Any]]:
        """The time entries of an account's project, as an administrator sees them."""
        found: list[dict[str, Any]] = self.admin.get(
            "/time_entries.json", project_id=self.account_id(name), limit="100"
        )["time_entries"]
        return found

    def owner(self, ticket: str) -> Customer:
        """The people of a ticket's project."""
        return self._owners[ticket]

    def _move(self, who: Person, issue: str, status: int, notes: str = "", **more: Any) -> None:
        who.send("PUT", f"/issues/{issue}.json", issue={"status_id": status, "notes": notes, **more})
        now = who.get(f"/issues/{issue}.json")["issue"]["status"]
        assert now["id"] == status, f"Redmine's workflow left #{issue} at {now['name']}"

    def _stages(self, ticket: str) -> list[str]:
        found = self.admin.get("/issues.json", parent_id=ticket, status_id="*", sort="id")
        return [str(one["id"]) for one in found["issues"]]

    def _values(self, fields: Mapping[str, str]) -> dict[str, str]:
        return {str(self._fields[name]): value for name, value in fields.items()}

    def _category(self, owner: Customer, name: str) -> int:
        path = f"/projects/{owner.project}/issue_categories.json"
        there = {one["name"]: one["id"] for one in self.admin.get(path)["issue_categories"]}
        return int(
            there.get(name)
            or self.admin.send("POST", path, issue_category={"name": name})["issue_category"]["id"]
        )

    def _user(self, login: str, password: str) -> tuple[int, str]:
        user = {
            "login": login,
            "firstname": "Анна",
            "lastname": login,
            "mail": f"{login}@example.ru",
            "password": password,
        }
        made = self.admin.send("POST", "/users.json", user=user)["user"]
        return made["id"], made["api_key"]

    def _join(self, project: int, user: int, kind: str) -> None:
        membership = {"user_id": user, "role_ids": [self._roles[ROLES[kind]]]}
        self.admin.send("POST", f"/projects/{project}/memberships.json", membership=membership)
