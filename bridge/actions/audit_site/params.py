"""What there is to say of an audit."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bridge.actions.base import Params
from bridge.actions.fields import Line


class AuditSiteParams(Params):
    """A report on the whole site.

    Attributes:
        checksums: name of a file of the ticket with the checksums of the site's release, as
            `otbridge checksums` makes it; without it core files are not compared.
        language: of Moodle's own words in the report, where the site has it.
    """

    checksums: Annotated[Line, Field(max_length=255)] = ""
    language: Annotated[Line, Field(pattern=r"^[a-z][a-z_]*$", max_length=20)] = "ru"
