"""A Moodle of a few functions that answer from tables and write down what they were asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bridge.actions import Context, Policy, Site
from bridge.actions.program import Program, Step

OPKEY = "5e1f7d4e-0000-5000-8000-000000000001"
URL = "https://lms.example.ru"


class FakeMoodle:
    """Answers calls from `answers`: a value, an error to raise, or a function of the parameters. A list is
    answered one by one, the last for ever.
    """

    base_url = URL

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def read(self, function: str, /, **params: Any) -> Any:
        return self._answer("read", function, params)

    def write(self, function: str, /, **params: Any) -> Any:
        return self._answer("write", function, params)

    def upload(self, path: Any, name: str | None = None, itemid: int = 0) -> int:
        self.asked.append(("write", "upload", {"name": name, "itemid": itemid, "content": path.read_bytes()}))
        return itemid or 4711

    def download(self, url: str, target: Any, *, limit: int) -> int:
        raise AssertionError("nothing is downloaded")

    def calls(self, function: str) -> list[dict[str, Any]]:
        """With what a function was called."""
        return [params for _, name, params in self.asked if name == function]

    @property
    def written(self) -> list[str]:
        """Which functions were called to change something."""
        return [name for how, name, _ in self.asked if how == "write"]

    def _answer(self, how: str, function: str, params: dict[str, Any]) -> Any:
        self.asked.append((how, function, params))
        answer = self.answers[function]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(**params)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Time:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return sum(self.pauses)


def make_site(moodle: FakeMoodle, **changes: Any) -> Site:
    """A site with no policy, whose pauses take no time."""
    time = changes.pop("time", None) or Time()
    return Site(
        **{"moodle": moodle, "policy": Policy(), "pause": time.pauses.append, "clock": time, **changes}
    )


def make_context(moodle: FakeMoodle, **changes: Any) -> Context:
    """A context with no policy, no limits and no files."""
    return Context(**{"moodle": moodle, **changes})


def a_program(*steps: Step) -> Program:
    """The steps, or one of them, as a program."""
    return Program(steps or (Step("role.create", "role", {"shortname": "methodist", "name": "Методист"}),))


def operation(status: str, result: Any = None, **changes: Any) -> dict[str, Any]:
    """An operation as the plugin tells it (docs/plugin-api.md)."""
    return {
        "opkey": OPKEY,
        "kind": "run",
        "undoes": "",
        "ticket": "",
        "status": status,
        "progress": 0.0,
        "step": "",
        "stepsdone": 0,
        "stepstotal": 1,
        "result": "" if result is None else json.dumps(result),
        "errorcode": "",
        "error": "",
        "faults": "[]",
        "undone": "",
        "timecreated": 1,
        "timestarted": 1,
        "timefinished": 0,
        **changes,
    }
