"""One step: certificate.add, of whichever module the site has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.add_certificate.params import DEFAULT_LINES, AddCertificateParams, CertificateLine
from bridge.actions.base import OrderRefused
from bridge.actions.elements import decimal, folded
from bridge.actions.pictures import refuse_no_picture
from bridge.actions.places import Place, find_place
from bridge.actions.program import File, Part, Ref, Step, Use, ref
from bridge.actions.texts import paragraphs

SIZES = {"landscape": (297, 210), "portrait": (210, 297)}
"""A4, millimetres: width and height."""


def plan(params: AddCertificateParams, context: Context) -> Plan:
    """Find the course, its section and its elements. Whether the site has a certificate module Moodle's check
    tells.
    """
    place = find_place(params, [params.section], context)
    width, height = SIZES[params.page]
    wanted: dict[str, Any] = {
        "course": place.course,
        "section": place.section(params.section),
        "name": params.name,
        "introhtml": paragraphs(params.description),
        "idnumber": params.idnumber,
        "visible": params.visible,
        "width": width,
        "height": height,
        "top": params.top,
        "margin": params.margin,
        "lines": [_line(one) for one in params.line or DEFAULT_LINES],
        "date": params.date,
        "gradeformat": params.grade_format,
        "lang": params.language,
        "email": params.email,
        "verifyany": params.public_check,
        "mingrade": decimal(params.grade_to_pass),
        "completed": _elements(params, place, context),
    }
    files: tuple[File, ...] = ()
    if params.background:
        picture = context.files.get(params.background)
        refuse_no_picture(picture, "PNG", "JPEG")
        files = (File(picture.sha256, picture.name, picture.size),)
        wanted["background"] = Use(picture.sha256)
    conditions = [
        *([f"from {decimal(params.grade_to_pass)} % of the course on"] if params.grade_to_pass else []),
        *([f"after {', '.join(params.completed)}"] if params.completed else []),
    ]
    where = place.section_name(place.section(params.section))
    summary = (
        f"add the certificate {params.name} to {place.course_name}, {where}",
        f"{params.page}, {len(wanted['lines'])} lines{', a background' if files else ''}",
        f"issued: {', '.join(conditions) or 'to everybody in the course'}",
    )
    part = Part((Step("certificate.add", "certificate", wanted),), files)
    return Plan(summary, part, {"certificates": 1}, {"certificate": ref("certificate", "cmid")})


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The certificate with its address, and the conditions."""
    found = results["certificate"]
    return {
        "kind": "certificate",
        "cmid": found["cmid"],
        "name": found["name"],
        "module": found["module"],
        "url": found["url"],
        "grade_to_pass": found["mingrade"],
        "conditions": len(found["completed"]),
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "certificate-deleted", "name": found["name"]}


def _line(line: CertificateLine) -> dict[str, Any]:
    return {
        "kind": line.field or "text",
        "text": line.text,
        "size": line.size,
        "colour": line.color.lower(),
        "bold": line.bold,
        "align": line.align,
        "space": line.space,
    }


def _elements(params: AddCertificateParams, place: Place, context: Context) -> list[int]:
    """Ids of the elements that must be completed.

    Raises:
        OrderRefused: one is not there (`no-such-element`), or several have its name (`ambiguous-element`).
    """
    if not params.completed:
        return []
    if isinstance(place.course, Ref):
        raise OrderRefused(
            "no-such-element", "the new course has no elements yet", element=params.completed[0], there_are=[]
        )
    found = context.moodle.read("core_course_get_contents", courseid=place.course)
    names = {int(one["id"]): str(one["name"]) for section in found for one in section.get("modules", ())}
    return [_element(one, names) for one in params.completed]


def _element(wanted: str, names: Mapping[int, str]) -> int:
    if wanted.isascii() and wanted.isdigit() and int(wanted) in names:
        return int(wanted)
    found = [cmid for cmid, name in names.items() if folded(name) == folded(wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        there_are = [f"{cmid} – {name}" for cmid, name in names.items()][:30]
        raise OrderRefused(
            "no-such-element", f"the course has no element {wanted}", element=wanted, there_are=there_are
        )
    raise OrderRefused(
        "ambiguous-element",
        f"the course has several elements {wanted}: {', '.join(map(str, found))}",
        element=wanted,
        numbers=found,
    )
