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


class StepKind(ABC):
    """One kind of step.

    Attributes:
        name: as programs call it.
        shape: its parameters.
        results: the types of what it returns, by field.
        needs: capabilities that it may need.
        heavy: whether it is left to cron.
    """

    name: ClassVar[str]
    shape: ClassVar[Shape]
    results: ClassVar[Mapping[str, str]]
    needs: ClassVar[tuple[str, ...]]
    heavy: ClassVar[bool] = False

    def needed(self, params: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002 (a few look at them)
        """The capabilities that these parameters need."""
        return self.needs

    @abstractmethod
    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """What would make it fail, as far as that is known beforehand; paths are the parameters' names.

        Parameters:
            params: with defaults; what an earlier step will give is a `Later`.
        """

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


def known(value: Any) -> bool:
    """Whether a parameter is known already, and does not wait for an earlier step."""
    return not isinstance(value, Later)
