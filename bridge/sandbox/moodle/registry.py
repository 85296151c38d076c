"""The web service functions that this Moodle has: each a declared signature and a Python function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.descriptions import Description, Struct, clean, validate

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

Run = Callable[["Site", Mapping[str, Any]], Any]
"""A function's work: the site and the validated parameters in, the result out."""


@dataclass(frozen=True, slots=True)
class Function:
    """A web service function.

    Attributes:
        name: as clients call it.
        description: as the WSDL documents it.
        parameters: what it takes, in order.
        returns: what it answers.
        run: what it does.
    """

    name: str
    description: str
    parameters: Struct
    returns: Description
    run: Run

    def call(self, site: Site, given: Any) -> Any:
        """Validate the parameters, do the work, and bring the result into its declared form.

        Raises:
            MoodleProblem: as Moodle tells it.
        """
        return clean(self.returns, self.run(site, validate(self.parameters, given)))


FUNCTIONS: dict[str, Function] = {}
"""All functions by name, in the order in which the service lists them."""


def external(
    name: str, description: str, parameters: Mapping[str, Description], returns: Description
) -> Callable[[Run], Run]:
    """Declare a web service function."""

    def register(run: Run) -> Run:
        FUNCTIONS[name] = Function(name, description, Struct(parameters), returns, run)
        return run

    return register
