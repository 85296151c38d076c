"""The files as they are ordered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bridge.actions.elements import Element, twice
from bridge.actions.fields import Line, Lines
from bridge.actions.places import InSection

Display = Literal["auto", "embed", "download", "open", "new", "popup"]
FileName = Annotated[Line, Field(min_length=1, max_length=255)]


class OneFile(Element):
    """A file as an element of its own.

    Attributes:
        file: its name among the ticket's files.
        name: as the course shows it; the file's without its ending where it is not given.
        display: how it opens, None: as the order says.
    """

    file: FileName
    name: Annotated[Line, Field(min_length=1, max_length=255)] = ""
    display: Display | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_after_the_file(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("file"), str) and not given.get("name"):
            stem, _, ending = given["file"].strip().rpartition(".")
            return {**given, "name": stem or ending}
        return given


class Folder(Element):
    """Several files in one element.

    Attributes:
        files: their names among the ticket's files, each on a line.
        display: on a page of its own, or inline on the page of the course.
    """

    files: Annotated[Lines, Field(min_length=1, max_length=100)]
    display: Literal["page", "inline"] = "page"


class AddFilesParams(InSection):
    """Files of one course.

    Attributes:
        display: how files open that say nothing themselves, by Moodle's own word.
        file: each element with a file.
        folder: each folder.
    """

    display: Display = "auto"
    file: Annotated[tuple[OneFile, ...], Field(max_length=100)] = ()
    folder: Annotated[tuple[Folder, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _once_each(self) -> AddFilesParams:
        if not self.file and not self.folder:
            raise ValueError("назовите файлы: [[params.file]] – каждый отдельно, [[params.folder]] – папкой")
        for one in self.folder:
            twice(one.files, f"«{one.name}»: файл указан")
        elements = (*self.file, *self.folder)
        twice([f"{one.section or self.section}: {one.name}" for one in elements], "элемент назван")
        twice([one.idnumber for one in elements if one.idnumber], "idnumber указан")
        return self
