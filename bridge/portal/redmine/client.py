"""Calls of Redmine's REST API: what is asked, in which form, and what a refusal means. One method a call;
what the vendor's terms ask for is decided elsewhere.

Redmine sends no problem documents: a wrong key is 401, what may not be seen or done 403, bad fields 422 with
`errors`, a change that came in between 409. A write that Redmine's workflow forbids is answered as done (204)
and does nothing, so every write is looked for afterwards.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import BaseModel

from bridge.errors import UserError
from bridge.portal.books import Contended
from bridge.portal.errors import PortalNotContract, PortalNotFound, PortalRefused, PortalUnauthorized
from bridge.portal.redmine import wire
from bridge.portal.refusals import readable
from bridge.portal.transport import Answer, Line, Request
from bridge.portal.wire import NotTheContract

if TYPE_CHECKING:
    from requests import PreparedRequest

MOST = 100
"""Rows that Redmine gives in one page."""

_READS = 5
"""How often a list is read from its beginning that changes while it is read."""

M = TypeVar("M", bound=BaseModel)
Value = TypeVar("Value")


class KeyAuth:
    """Sends a Redmine API key. Fits `requests`' `auth`; its repr does not show the key.

    Raises:
        UserError: the key holds what no header can carry.
    """

    def __init__(self, key: str) -> None:
        if not (key.isascii() and key.isprintable()):
            # Said here, without the key: the HTTP library's own error would repeat it.
            raise UserError(
                "the portal's API key holds characters that no HTTP header can carry: copy it again, "
                "as one line of plain ASCII"
            )
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the header."""
        request.headers["X-Redmine-API-Key"] = self._key
        return request


class Unreadable(PortalNotContract):
    """One thing of Redmine's cannot be read, others can: a plugin may have made it otherwise."""


class Client:
    """Redmine's REST API.

    Parameters:
        portal: the portal's name, for errors.
    """

    def __init__(self, portal: str, line: Line) -> None:
        self._portal = portal
        self._line = line
        self._last_clock: tuple[datetime, float] | None = None

    def close(self) -> None:
        """Close the connections."""
        self._line.close()

    def clock(self) -> datetime | None:
        """Redmine's clock as its last answer gave it, counted on from there; None where no answer gave it."""
        if self._last_clock is None:
            return None
        at, when = self._last_clock
        return at + timedelta(seconds=time.monotonic() - when)

    def user(self) -> tuple[wire.User, datetime]:
        """Who the bridge is, and Redmine's clock."""
        answer = self._get("/users/current.json", {})
        return self._read(answer, "user", wire.User), _clock(answer)

    def permissions(self) -> frozenset[str] | None:
        """What the roles of the bridge's user allow in every project that it is a member of; None for an
        administrator, who may do everything.
        """
        answer = self._get("/users/current.json", {"include": "memberships"})
        user = self._read(answer, "user", wire.Member)
        if user.admin:
            return None
        granted = [self._of_roles(tuple(sorted(role.id for role in one.roles))) for one in user.memberships]
        return frozenset.intersection(*granted) if granted else frozenset()

    def _of_roles(self, ids: tuple[int, ...]) -> frozenset[str]:
        return frozenset[str]().union(*(self._role(id_) for id_ in ids))

    def _role(self, id_: int) -> frozenset[str]:
        return frozenset(self._read(self._get(f"/roles/{id_}.json", {}), "role", wire.Role).permissions)

    def listed(self, what: str, path: str) -> dict[int, str]:
        """Names by id of a list that an administrator keeps: statuses, trackers, activities."""
        answer = self._get(path, {})
        return {one.id: one.name for one in self._rows(answer, what, wire.Named)}

    def issue(self, id_: str) -> wire.Issue:
        """One issue with its journals, files, subtasks and the statuses that the bridge may move it to.

        Raises:
            PortalNotFound: there is none, or it may not be seen.
            Unreadable: it is there, but not as Redmine sends issues.
        """
        answer = self._get(
            f"/issues/{_number(id_)}.json", {"include": "journals,attachments,children,allowed_statuses"}
        )
        found = self._document(answer, "issue")
        try:
            return wire.read(wire.Issue, found)
        except NotTheContract as error:
            message = f"issue {id_} is not as Redmine sends issues: {error}"[:1000]
            if not isinstance(found, dict) or str(found.get("id")) != id_:
                answer.unbelievable(message)
        raise Unreadable(
            answer.request.endpoint,
            message,
            status=answer.status,
            request_id=answer.request_id,
            portal=self._portal,
        )

    def issues(
        self, filters: Mapping[str, str], offset: int = 0, limit: int = MOST
    ) -> tuple[list[wire.Row], datetime]:
        """A page of issues, open and closed ones, and Redmine's clock."""
        answer = self._get(
            "/issues.json", {"status_id": "*", "limit": str(limit), "offset": str(offset), **filters}
        )
        return self._rows(answer, "issues", wire.Row), _clock(answer)

    def entries(self, filters: Mapping[str, str]) -> list[wire.TimeEntry]:
        """All time entries that the filters let through.

        Pages overlap by a row, for one that is deleted or added between two would take another one along or
        bring it twice.

        Raises:
            PortalNotContract: they change while they are read, again and again.
        """
        for _ in range(_READS):
            found: list[wire.TimeEntry] = []
            while True:
                rows = self._entries(filters, max(0, len(found) - 1))
                if found and (not rows or rows[0].id != found[-1].id):
                    break
                found += rows[1:] if found else rows
                if len(rows) < MOST:
                    return found
        raise PortalNotContract(
            "GET /time_entries.json", "they change while they are read, again and again", portal=self._portal
        )

    def newest_entries(self, filters: Mapping[str, str]) -> Iterator[wire.TimeEntry]:
        """Time entries, the newest first, page by page for as long as somebody asks; one may come twice."""
        offset, last = 0, None
        while True:
            rows = self._entries({**filters, "sort": "created_on:desc"}, offset)
            if last is not None and (not rows or rows[0].id != last):
                offset, last = 0, None
                continue
            yield from rows
            if len(rows) < MOST:
                return
            offset, last = offset + MOST - 1, rows[-1].id

    def _entries(self, filters: Mapping[str, str], offset: int) -> list[wire.TimeEntry]:
        answer = self._get("/time_entries.json", {"limit": str(MOST), "offset": str(offset), **filters})
        return self._rows(answer, "time_entries", wire.TimeEntry)

    def entry(self, id_: str) -> wire.TimeEntry:
        """One time entry."""
        return self._read(self._get(f"/time_entries/{_number(id_)}.json", {}), "time_entry", wire.TimeEntry)

    def project(self, id_: str) -> wire.Project:
        """One project, with its activities."""
        answer = self._get(f"/projects/{_number(id_)}.json", {"include": "time_entry_activities"})
        return self._read(answer, "project", wire.Project)

    def update_issue(self, key: str, id_: str, changes: Mapping[str, Any]) -> None:
        """Change an issue; whether Redmine did it is to be looked for."""
        self._write(key, "PUT", f"/issues/{_number(id_)}.json", {"issue": dict(changes)})

    def add_entry(self, key: str, entry: Mapping[str, Any]) -> None:
        """Add a time entry."""
        self._document(
            self._write(key, "POST", "/time_entries.json", {"time_entry": dict(entry)}), "time_entry"
        )

    def delete_entry(self, key: str, id_: int) -> None:
        """Delete a time entry."""
        self._write(key, "DELETE", f"/time_entries/{id_}.json", None)

    def upload(self, key: str, name: str, content: bytes) -> str:
        """Send a file; returns the token under which an issue can take it."""
        request = Request(
            self._portal,
            "POST",
            "/uploads.json",
            {"filename": name},
            {"Content-Type": "application/octet-stream"},
            content,
            key,
        )
        answer = self._believed(request)
        return self._read(answer, "upload", wire.Upload).token

    @contextmanager
    def file(self, id_: str) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """The bytes of an attachment."""
        request = Request(
            self._portal,
            "GET",
            f"/attachments/download/{_number(id_)}",
            {},
            {"Accept": "*/*", "Accept-Encoding": "identity"},
        )
        with self._line.stream(request) as (answer, pieces):
            if answer.status != 200:
                _refuse(answer)
            yield answer, pieces

    def _get(self, path: str, params: Mapping[str, str]) -> Answer:
        return self._believed(Request(self._portal, "GET", path, params, {}))

    def _write(self, key: str, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        request = Request(self._portal, method, path, {}, {"Content-Type": "application/json"}, content, key)
        answer = self._send(request)
        if not 200 <= answer.status < 300:
            _refuse(answer)
        if answer.status != (201 if method == "POST" else 204):
            # A page of something that stands before Redmine, or the empty 200 of an answer that was cut.
            answer.unbelievable(f"HTTP {answer.status} where Redmine answers {method} with another status")
        return answer

    def _send(self, request: Request) -> Answer:
        answer = self._line.send(request)
        with suppress(ValueError, OverflowError):  # who needs this moment says so, see `_clock`
            self._last_clock = (
                parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC),
                time.monotonic(),
            )
        return answer

    def _believed(self, request: Request) -> Answer:
        answer = self._send(request)
        if not 200 <= answer.status < 300:
            _refuse(answer)
        return answer

    def _read(self, answer: Answer, name: str, model: type[M]) -> M:
        found = self._document(answer, name)
        return self._modelled(answer, lambda: wire.read(model, found))

    def _rows(self, answer: Answer, name: str, model: type[M]) -> list[M]:
        found = self._document(answer, name)
        if not isinstance(found, list):
            answer.unbelievable(f"{name} is not a list")
        return self._modelled(answer, lambda: [wire.read(model, one) for one in found])

    @staticmethod
    def _document(answer: Answer, name: str) -> Any:
        try:
            return wire.document(answer.body)[name]
        except (ValueError, LookupError, TypeError):
            answer.unbelievable(f"the answer is not JSON with {name}")

    @staticmethod
    def _modelled(answer: Answer, read: Callable[[], Value]) -> Value:
        try:
            return read()
        except ValueError as error:
            answer.unbelievable(f"the answer is not Redmine's: {error}"[:1000])


UNSURE = timedelta(minutes=4)
"""How far this machine's clock may be ahead of a Redmine that does not send its own; below `[bridge]
clock_difference_seconds`.
"""


def _clock(answer: Answer) -> datetime:
    """Redmine's clock as its answer gives it; without one (a bare puma) this machine's, less what the two may
    differ by.

    Being early costs nothing but rows that are read once more; being late would lose a change.
    """
    text = answer.headers.get("date", "")
    if not text:
        return datetime.now(UTC) - UNSURE
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        answer.unbelievable("the answer's Date cannot be read")


def in_lists(ids: Sequence[str]) -> Iterator[str]:
    """Ids as filters of at most a page of rows."""
    for start in range(0, len(ids), MOST):
        yield ",".join(ids[start : start + MOST])


def _number(id_: str) -> str:
    """The number that Redmine knows a thing by; what is not a number is known to nobody."""
    return id_ if id_.isascii() and id_.isdecimal() else "0"


def _refuse(answer: Answer) -> NoReturn:
    """Raise what an answer means that is not a success."""
    details: dict[str, Any] = {
        "status": answer.status,
        "request_id": answer.request_id,
        "portal": answer.request.portal,
    }
    endpoint = answer.request.endpoint
    match answer.status:
        case 401:
            raise PortalUnauthorized(
                endpoint,
                "the API key is wrong, its user is locked, or Redmine's REST API is switched off",
                code="unauthorized",
                **details,
            )
        case 403 if answer.request.key is None:
            raise PortalNotFound(
                endpoint, "it may not be seen by the bridge's user", code="not_found", **details
            )
        case 403:
            raise PortalRefused(
                endpoint,
                "the roles of the bridge's user do not allow it, or the project is closed",
                code="forbidden",
                **details,
            )
        case 404:
            raise PortalNotFound(endpoint, "Redmine does not have it", code="not_found", **details)
        case 409:
            raise Contended(endpoint, "it was changed at the same moment", code="conflict", **details)
        case 413 | 422:
            raise PortalRefused(endpoint, _errors(answer), code="invalid", **details)
        case _:
            answer.refuse()


def _errors(answer: Answer) -> str:
    try:
        errors = wire.document(answer.body)["errors"]
    except (ValueError, LookupError, TypeError):
        errors = []
    return readable("; ".join(map(str, errors if isinstance(errors, list) else []))) or "Redmine refused it"
