"""create-role: orders as a form gives them, what the site's policy lets through, and the role itself."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OperationFailed, OrderInvalid, OrderRefused, Plan, Policy, validate
from bridge.actions.archetypes import EVERYBODYS, GUARDED_DEFAULTS
from bridge.actions.create_role import GUARDED, CreateRole, CreateRoleParams, _matches
from bridge.moodle_ws import AccessError, MoodleRefused, OutcomeUnknown, ParameterError
from bridge.sandbox.moodle.roles import capabilities
from tests.unit.actions.fake_moodle import OPKEY, URL, FakeMoodle, make_site, operation

CREATE, DELETE = "local_otbridge_create_role", "local_otbridge_delete_role"
ORDER = {
    "shortname": "methodist",
    "name": "Методист",
    "context_levels": "course",
    "capabilities": "moodle/course:view",
}
RESULT = {
    "roleid": 9,
    "shortname": "methodist",
    "name": "Методист",
    "contextlevels": ["course"],
    "capabilities": [{"name": "moodle/course:view", "permission": "allow"}],
}


def params(**changes: Any) -> CreateRoleParams:
    found = validate(CreateRoleParams, {**ORDER, **changes})
    assert isinstance(found, CreateRoleParams)
    return found


def plan(*allowed: str, **changes: Any) -> Plan:
    moodle = FakeMoodle()
    found = CreateRole().plan(params(**changes), make_site(moodle, policy=Policy(allowed)))
    assert moodle.written == [], "a plan only reads"
    return found


def guarded(*allowed: str, **changes: Any) -> list[str]:
    with pytest.raises(OrderRefused) as caught:
        plan(*allowed, **changes)
    assert caught.value.code == "guarded"
    assert isinstance(caught.value.facts["capabilities"], list)
    return caught.value.facts["capabilities"]


# --- parameters


@pytest.mark.parametrize(
    ("text", "capabilities"),
    [
        ("moodle/course:view", {"moodle/course:view": "allow"}),
        ("moodle/course:view = Prevent", {"moodle/course:view": "prevent"}),
        (
            "moodle/course:view=allow\r\n\r\n mod/quiz:view = prohibit \n",
            {"moodle/course:view": "allow", "mod/quiz:view": "prohibit"},
        ),
        (
            "moodle/course:view, mod/quiz:view; mod/page:view",
            dict.fromkeys(("moodle/course:view", "mod/quiz:view", "mod/page:view"), "allow"),
        ),
    ],
)
def test_capabilities_are_lines_of_a_form(text, capabilities):
    assert params(capabilities=text).capabilities == capabilities


@pytest.mark.parametrize(
    "text",
    ["", "\n", "moodle/course:view = yes", "moodle:view", "MOODLE/course:view", "a/b:c\na/b:c", "= allow"],
)
def test_what_is_no_list_of_capabilities_is_refused(text):
    with pytest.raises(OrderInvalid):
        params(capabilities=text)


@pytest.mark.parametrize("text", ["course system", "course,system", "course; system", "course\nsystem"])
def test_context_levels_are_words(text):
    assert params(context_levels=text).context_levels == ("course", "system")


def test_roles_that_it_may_assign_are_words():
    assert params(allow_assign="student, teacher").allow_assign == ("student", "teacher")


@pytest.mark.parametrize("shortname", ["Methodist", "1role", "new role", "методист", "x" * 101])
def test_a_short_name_that_moodle_would_change_is_refused(shortname):
    with pytest.raises(OrderInvalid, match="shortname"):
        params(shortname=shortname)


# --- policy


@pytest.mark.parametrize(
    "capability",
    [
        "moodle/site:config",
        "moodle/role:assign",
        "moodle/user:loginas",
        "webservice/rest:use",
        "tool/uploaduser:upload",
        "local/otbridge:view",
        "moodle/backup:backupcourse",
        "moodle/restore:userinfo",
        "moodle/course:delete",
    ],
)
def test_a_guarded_capability_is_granted_only_where_the_policy_names_it(capability):
    order = {"capabilities": f"moodle/course:view\n{capability}"}
    assert guarded(**order) == [capability]
    assert guarded("moodle/other:thing", **order) == [capability]
    for allowed in (capability, capability.partition(":")[0] + ":*"):
        assert {"name": capability, "permission": "allow"} in plan(allowed, **order).call["capabilities"]


def test_all_guarded_capabilities_of_an_order_are_told_at_once():
    assert guarded(capabilities="moodle/site:config\nmoodle/role:manage", archetype="manager") == [
        "archetype:manager",
        "moodle/role:manage",
        "moodle/site:config",
    ]


@pytest.mark.parametrize("permission", ["prevent", "prohibit"])
def test_taking_a_guarded_capability_away_needs_no_policy(permission):
    taken_away = plan(capabilities=f"moodle/site:config = {permission}")
    assert taken_away.call["capabilities"] == [{"name": "moodle/site:config", "permission": permission}]


BRINGING = ["manager", "coursecreator", "editingteacher", "teacher"]


@pytest.mark.parametrize("archetype", BRINGING)
def test_an_archetype_that_brings_guarded_capabilities_needs_the_policy(archetype):
    assert guarded(archetype=archetype) == [f"archetype:{archetype}"]
    for allowed in (f"archetype:{archetype}", "archetype:*"):
        assert plan(allowed, archetype=archetype).call["archetype"] == archetype


def test_what_an_archetype_brings_is_named_to_the_operator():
    with pytest.raises(
        OrderRefused,
        match=r"the archetype coursecreator holds moodle/restore:rolldates, moodle/site:configview",
    ):
        plan(archetype="coursecreator")


def test_an_archetype_s_guarded_capabilities_may_be_allowed_one_by_one_or_taken_away_by_the_order():
    assert (
        plan("moodle/restore:*", "moodle/site:configview", archetype="coursecreator").call["archetype"]
        == "coursecreator"
    )
    away = "moodle/restore:rolldates = prevent\nmoodle/site:configview = prohibit"
    assert plan(archetype="coursecreator", capabilities=away).call["archetype"] == "coursecreator"
    assert guarded("moodle/restore:*", archetype="coursecreator") == ["archetype:coursecreator"]


@pytest.mark.parametrize("archetype", ["", "student", "guest", "user", "frontpage"])
def test_other_archetypes_need_none(archetype):
    assert plan(archetype=archetype).call["archetype"] == archetype


def test_what_archetypes_bring_is_what_moodle_gives_them_by_default():
    defaults = capabilities()
    for archetype, known in GUARDED_DEFAULTS.items():
        brought = {
            name
            for name, archetypes in defaults.items()
            if archetype in archetypes and _matches(name, GUARDED)
        } - EVERYBODYS
        assert brought if archetype == "manager" else brought == known, archetype
    everybody = {
        name for name, archetypes in defaults.items() if "user" in archetypes and _matches(name, GUARDED)
    }
    assert everybody == EVERYBODYS


def test_a_role_that_holds_more_on_this_site_is_deleted_again_and_refused():
    held = [
        {"name": name, "permission": "allow"}
        for name in ("tool/uploaduser:upload", "moodle/course:view", "tool/policy:accept")
    ]
    made = operation(
        "done", {**RESULT, "capabilities": [*held, {"name": "moodle/site:config", "permission": "prevent"}]}
    )
    moodle = FakeMoodle(**{CREATE: made, DELETE: operation("done", {"roleid": 9, "shortname": "methodist"})})
    call = plan(archetype="student").call
    for _ in "12":
        with pytest.raises(OrderRefused) as caught:
            CreateRole().apply(call, OPKEY, make_site(moodle))
        assert (caught.value.code, caught.value.facts) == (
            "guarded",
            {"capabilities": ["tool/uploaduser:upload"]},
        )
    deletions = [given for how, function, given in moodle.asked if function == DELETE]
    assert [one["roleid"] for one in deletions] == [9, 9]
    assert len({one["opkey"] for one in deletions} - {OPKEY}) == 1, "under one key of its own"
    for allowed in ("tool/*", "archetype:student"):
        assert CreateRole().apply(call, OPKEY, make_site(moodle, policy=Policy((allowed,))))["role_id"] == 9


@pytest.mark.parametrize("power", ["assign", "override", "switch"])
@pytest.mark.parametrize("role", ["manager", "coursecreator", "deputyrector"])
def test_power_over_a_role_that_may_be_an_administrator_s_needs_the_policy(power, role):
    order = {"archetype": "student", f"allow_{power}": f"student {role}"}
    assert guarded(**order) == [f"{power}:{role}"]
    assert plan(f"{power}:{role}", **order).call[f"allow{power}"] == ["student", role]


@pytest.mark.parametrize("power", ["assign", "override", "switch", "view"])
def test_power_over_ordinary_roles_needs_none(power):
    ordinary = ["editingteacher", "teacher", "student", "guest", "user", "frontpage"]
    assert plan(**{f"allow_{power}": " ".join(ordinary)}).call[f"allow{power}"] == ordinary


def test_seeing_any_role_needs_none():
    assert plan(allow_view="manager").call["allowview"] == ["manager"]


def test_every_guard_is_a_pattern_that_a_capability_can_match():
    assert all("/" in pattern for pattern in GUARDED)


# --- plan and apply


def test_the_plan_freezes_the_whole_call():
    found = plan(
        "archetype:teacher",
        description="Для кафедр",
        archetype="teacher",
        context_levels="course module",
        allow_assign="student",
        allow_view="teacher",
        capabilities="mod/quiz:view = prevent\nmod/page:view",
    )
    assert found.call == {
        "shortname": "methodist",
        "name": "Методист",
        "description": "Для кафедр",
        "archetype": "teacher",
        "contextlevels": ["course", "module"],
        "capabilities": [
            {"name": "mod/page:view", "permission": "allow"},
            {"name": "mod/quiz:view", "permission": "prevent"},
        ],
        "allowassign": ["student"],
        "allowoverride": [],
        "allowswitch": [],
        "allowview": ["teacher"],
    }
    assert found.summary == (
        "create role Методист (methodist), archetype teacher",
        "assignable in course, module; 2 capabilities",
    )


def test_a_role_is_made_under_its_key_and_shown_as_read_back():
    moodle = FakeMoodle(**{CREATE: operation("done", RESULT)})
    call = plan().call
    evidence = CreateRole().apply(call, OPKEY, make_site(moodle))
    assert moodle.asked == [("write", CREATE, {"opkey": OPKEY, **call})]
    assert evidence == {
        "kind": "role",
        "role_id": 9,
        "shortname": "methodist",
        "name": "Методист",
        "context_levels": ["course"],
        "capabilities": RESULT["capabilities"],
        "url": f"{URL}/admin/roles/define.php?action=view&roleid=9",
    }


@pytest.mark.parametrize(
    "code",
    [
        "shortnametaken",
        "unknowncapability",
        "unknownrole",
        "unknownarchetype",
        "unknowncontextlevel",
        "opkeyreused",
    ],
)
@pytest.mark.parametrize("error", [MoodleRefused, ParameterError])
def test_what_moodle_refuses_is_a_refusal_of_the_order(code, error):
    moodle = FakeMoodle(**{CREATE: error(CREATE, "said", errorcode=code, debuginfo="SQL")})
    with pytest.raises(OrderRefused) as caught:
        CreateRole().apply(plan().call, OPKEY, make_site(moodle))
    assert (caught.value.code, caught.value.facts) == (code, {"said": "said", "shortname": "methodist"})
    assert "SQL" not in str(caught.value.outcome())


SITE_FAULTS = ("dmlwriteexception", "locktimeout", "sitepolicynotagreed", "forcepasswordchangenotice", "")


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknown(CREATE, "cut"),
        AccessError(CREATE, "no"),
        *(MoodleRefused(CREATE, "said", errorcode=code) for code in SITE_FAULTS),
    ],
    ids=lambda one: one.errorcode or type(one).__name__,
)
def test_a_lost_answer_or_a_missing_right_is_no_refusal(error):
    with pytest.raises(type(error)):
        CreateRole().apply(plan().call, OPKEY, make_site(FakeMoodle(**{CREATE: error})))


def test_a_failed_operation_is_a_failure():
    moodle = FakeMoodle(**{CREATE: operation("failed", errorcode="dberror", error="said")})
    with pytest.raises(OperationFailed) as caught:
        CreateRole().apply(plan().call, OPKEY, make_site(moodle))
    assert caught.value.code == "dberror"


# --- undo


def test_undo_deletes_the_role_under_its_own_key():
    moodle = FakeMoodle(**{DELETE: operation("done", {"roleid": 9, "shortname": "methodist"})})
    assert CreateRole().undo({"role_id": 9}, OPKEY, make_site(moodle)) == {
        "kind": "role-deleted",
        "role_id": 9,
        "shortname": "methodist",
    }
    assert moodle.asked == [("write", DELETE, {"opkey": OPKEY, "roleid": 9})]


@pytest.mark.parametrize("code", ["rolenotours", "roleassigned"])
def test_a_role_that_may_not_be_deleted_is_told(code):
    moodle = FakeMoodle(**{DELETE: MoodleRefused(DELETE, "said", errorcode=code)})
    with pytest.raises(OrderRefused) as caught:
        CreateRole().undo({"role_id": 9}, OPKEY, make_site(moodle))
    assert caught.value.code == code
