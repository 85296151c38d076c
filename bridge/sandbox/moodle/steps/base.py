"""What a kind of step is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Later, Shape

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class Failure(Exception):
    """A step failed for good."""

    def __init__(self, errorcode: str, message: str) -> None:
        self.errorcode = errorcode
        super().__init__(message)


class Changed(Exception):
    """What a step made was changed by somebody since; nothing of it is destroyed."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a running step has at hand.

    Attributes:
        files: the program's files by SHA-256: name and content on disk.
    """

    site: Site
    files: Mapping[str, tuple[str, Path]]


Planned = dict[tuple[str, Any], Any]
"""What the steps of a program will have set, by what it is and of which thing."""


class StepKind(ABC):
    """One kind of step.

    Attributes:
        name: as programs call it.
        shape: its parameters.
        results: the types of what it returns, by field.
        needs: capabilities that it may need.
        heavy: whether it is left to cron.
        repeats: whether it knows again what it made (`"existing": "bring"` in a program).
        undo_heavy: whether its undo is; None: as it itself.
    """

    name: ClassVar[str]
    shape: ClassVar[Shape]
    results: ClassVar[Mapping[str, str]]
    needs: ClassVar[tuple[str, ...]]
    heavy: ClassVar[bool] = False
    repeats: ClassVar[bool] = False
    undo_heavy: ClassVar[bool | None] = None

    @property
    def is_undone_by_cron(self) -> bool:
        """Whether its undo is left to cron."""
        return self.heavy if self.undo_heavy is None else self.undo_heavy

    def needed(self, params: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002 (a few look at them)
        """The capabilities that these parameters need."""
        return self.needs

    @abstractmethod
    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """What would make it fail, as far as that is known beforehand; paths are the parameters' names.

        Parameters:
            params: with defaults; what an earlier step will give is a `Later`.
        """

    def check_within(
        self,
        site: Site,  # noqa: ARG002 (most depend on no other step)
        params: Mapping[str, Any],  # noqa: ARG002
        planned: Planned,  # noqa: ARG002
    ) -> Iterator[Fault]:
        """What would make it fail, where that depends on what earlier steps of the program will have set.

        Parameters:
            planned: what they will have set; the step adds its own.
        """
        yield from ()

    def notes(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (most have none)
        """What works, and somebody should know."""
        yield from ()

    def waits(self, site: Site, params: Mapping[str, Any]) -> str:  # noqa: ARG002 (most wait for nothing)
        """What it waits for outside of Moodle before it begins, in words; empty for nothing."""
        return ""

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:  # noqa: ARG002 (most claim nothing)
        """What no other step of the program may want, too: parameter, code of the fault, and what."""
        yield from ()

    def check_files(self, params: Mapping[str, Any], held: Mapping[str, Path]) -> Iterator[Fault]:  # noqa: ARG002 (most use none)
        """What is wrong with the files that it uses.

        Parameters:
            held: those that were uploaded, by SHA-256.
        """
        yield from ()

    @abstractmethod
    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Do it, in a transaction that also keeps its row; returns its result and what `undo` needs.

        Raises:
            Failure: it cannot be done.
        """

    @abstractmethod
    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """Take it back; what is gone already is no error.

        Raises:
            Changed: it was changed since.
            Failure: it cannot be taken back.
        """

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:  # noqa: ARG002 (some cannot)
        """The result for a thing that is there already; None where none is, or it cannot be known yet.

        Raises:
            Failure: it cannot be told whether it is the same.
        """
        return None

    def differences(self, site: Site, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """What of the found thing is otherwise than the parameters say: what is there, by their names."""
        return {}

    def change(self, site: Site, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:  # noqa: ARG002 (most change nothing)
        """Change what `differences` names."""
        assert not values, f"{self.name} names differences and does not change them"


def known(value: Any) -> bool:
    """Whether a parameter is known already, and does not wait for an earlier step."""
    return not isinstance(value, Later)
