"""core_course_get_contents: sections of a course with their activities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bridge.sandbox.moodle.descriptions import Many, Need, Struct, Value, clean_bool, clean_int, optional
from bridge.sandbox.moodle.functions.courses import NOT_ACCESSIBLE
from bridge.sandbox.moodle.names import formatted
from bridge.sandbox.moodle.problems import MoodleProblem
from bridge.sandbox.moodle.registry import external
from bridge.sandbox.moodle.site import THEME_REVISION, USER_ID

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

PLURALS: Mapping[str, str] = {
    "forum": "Forums",
    "quiz": "Quizzes",
    "resource": "Files",
    "page": "Pages",
    "assign": "Assignments",
    "label": "Text and media areas",
}
PURPOSES: Mapping[str, str] = {"forum": "collaboration", "quiz": "assessment", "assign": "assessment"}
_MODULE: Mapping[str, str] = {
    "instance": "int",
    "contextid": "int",
    "description": "raw",
    "visible": "int",
    "uservisible": "bool",
    "availabilityinfo": "raw",
    "visibleoncoursepage": "int",
    "modicon": "url",
    "modname": "plugin",
    "purpose": "alpha",
    "branded": "bool",
    "modplural": "text",
    "availability": "raw",
    "indent": "int",
    "onclick": "raw",
    "afterlink": "raw",
}
MODULE = Struct(
    {
        "id": Value("int"),
        "url": optional("url"),
        "name": Value("raw"),
        **{name: optional(type_) for name, type_ in _MODULE.items()},
        "activitybadge": Struct({}),
        "customdata": optional("raw"),
        "noviewlink": optional("bool"),
        "completion": optional("int"),
        "downloadcontent": optional("int"),
        "dates": Many(Struct({"label": Value("text"), "timestamp": Value("int")})),
        "groupmode": optional("int"),
        "contents": Many(
            Struct(
                {
                    "type": Value("text"),
                    "filename": Value("file"),
                    "filepath": Value("path"),
                    "filesize": Value("int"),
                    "fileurl": optional("url"),
                    "timecreated": Value("int"),
                    "timemodified": Value("int"),
                    "sortorder": Value("int"),
                    "mimetype": optional("raw"),
                    "isexternalfile": optional("bool"),
                    "userid": Value("int"),
                    "author": Value("text"),
                    "license": Value("text"),
                }
            ),
            "",
            Need.OPTIONAL,
        ),
    }
)
OPTIONS = (
    "excludemodules",
    "excludecontents",
    "includestealthmodules",
    "sectionid",
    "sectionnumber",
    "cmid",
    "modname",
    "modid",
)


@external(
    "core_course_get_contents",
    "Get course contents",
    {
        "courseid": Value("int", "course id"),
        "options": Many(
            Struct({"name": Value("alphanum"), "value": Value("raw")}),
            "Options, used since Moodle 2.9",
            Need.DEFAULT,
        ),
    },
    Many(
        Struct(
            {
                "id": Value("int"),
                "name": Value("raw"),
                "visible": optional("int"),
                "summary": Value("raw"),
                "summaryformat": Value("int"),
                "section": optional("int"),
                "hiddenbynumsections": optional("int"),
                "uservisible": optional("bool"),
                "availabilityinfo": optional("raw"),
                "component": optional("component"),
                "itemid": optional("int"),
                "modules": Many(MODULE),
            }
        )
    ),
)
def get_contents(site: Site, params: Mapping[str, Any]) -> Any:
    """Sections of a course with their activities."""
    wanted: dict[str, str] = {}
    for option in params["options"]:
        if option["name"] not in OPTIONS:
            raise MoodleProblem("errorinvalidparam", f'The param "{option["name"]}" is invalid.')
        wanted[option["name"]] = option["value"]
    site.course(params["courseid"])
    if not site.has_capability("moodle/course:view"):
        raise MoodleProblem(
            "errorcoursecontextnotvalid",
            f"You cannot execute functions in the course context (course id:{params['courseid']}). "
            f"The context error message was: {NOT_ACCESSIBLE}",
        )
    found = []
    for section in site.store.rows(
        "SELECT * FROM section WHERE course = ? ORDER BY number", params["courseid"]
    ):
        if "sectionid" in wanted and section["id"] != clean_int(wanted["sectionid"]):
            continue
        if "sectionnumber" in wanted and section["number"] != clean_int(wanted["sectionnumber"]):
            continue
        modules = [
            _module(site, item, with_contents=not clean_bool(wanted.get("excludecontents", "")))
            for item in site.modules(params["courseid"])
            if item["section"] == section["number"]
            and ("modname" not in wanted or item["modname"] == wanted["modname"])
            and ("cmid" not in wanted or item["id"] == clean_int(wanted["cmid"]))
        ]
        found.append(
            {
                "id": section["id"],
                "name": formatted(section["name"]),
                "visible": 1,
                "summary": section["summary"],
                "summaryformat": 1,
                "section": section["number"],
                "hiddenbynumsections": 0,
                "uservisible": True,
                "component": None,
                "itemid": None,
                "modules": [] if clean_bool(wanted.get("excludemodules", "")) else modules,
            }
        )
    return found


def resource_file(module: Mapping[str, Any]) -> tuple[str, bytes]:
    """Name and content of the file that a resource module holds."""
    return f"{module['name']}.txt", f"{module['name']}\n".encode()


def _module(site: Site, item: Mapping[str, Any], *, with_contents: bool) -> dict[str, Any]:
    modname = item["modname"]
    module = {
        "id": item["id"],
        "name": formatted(item["name"]),
        "instance": item["id"],
        "contextid": item["contextid"],
        "visible": 1,
        "uservisible": True,
        "visibleoncoursepage": 1,
        "modicon": f"{site.url}/theme/image.php/boost/{modname}/{THEME_REVISION}/monologo?filtericon=1",
        "modname": modname,
        "purpose": PURPOSES.get(modname, "content"),
        "branded": False,
        "modplural": PLURALS.get(modname, f"{modname.capitalize()}s"),
        "availability": None,
        "indent": 0,
        "onclick": "",
        "afterlink": None,
        "activitybadge": {},
        "customdata": '{"trackingtype":"1"}' if modname == "forum" else '""',
        "noviewlink": modname == "label",
        "completion": 0,
        "downloadcontent": 1,
        "dates": [],
        "groupmode": 0,
    }
    if modname != "label":
        module["url"] = f"{site.url}/mod/{modname}/view.php?id={item['id']}"
    if modname == "resource":
        filename, content = resource_file(item)
        held = {
            "type": "file",
            "filename": filename,
            "filepath": "/",
            "filesize": len(content),
            "timecreated": 0,
            "timemodified": 0,
            "fileurl": f"{site.url}/webservice/pluginfile.php/{item['contextid']}/mod_resource/content/1/"
            f"{quote(filename)}?forcedownload=1",
            "sortorder": 1,
            "mimetype": "text/plain",
            "isexternalfile": False,
            "userid": USER_ID,
            "author": "Norm-hours Bridge",
            "license": "unknown",
        }
        module["contents"] = [held] if with_contents else []
    return module
