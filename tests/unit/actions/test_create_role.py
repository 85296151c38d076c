"""create-role: orders as a form gives them, what the site's policy lets through, and the role itself."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import ACTIONS, OrderInvalid, OrderRefused, Plan, Policy, validate
from bridge.actions.create_role.archetypes import EVERYBODYS, GUARDED_DEFAULTS
from bridge.actions.create_role.params import CreateRoleParams
from bridge.actions.create_role.plan import evidence, taken_back
from bridge.actions.create_role.policy import GUARDED, CreateRoleRules, matches
from bridge.sandbox.moodle.roles import capabilities
from tests.unit.actions.fake_moodle import URL, FakeMoodle, make_context

ORDER = {
    "shortname": "methodist",
    "name": "Методист",
    "context_levels": "course",
    "capabilities": "moodle/course:view",
}
RESULT = {
    "id": 9,
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
    policy = Policy((CreateRoleRules(capabilities_allowed=allowed),))
    found = ACTIONS["create-role"].plan(params(**changes), make_context(moodle, policy=policy))
    assert moodle.written == [], "a plan only reads"
    return found


def call(*allowed: str, **changes: Any) -> Any:
    """The parameters of the one step."""
    (step,) = plan(*allowed, **changes).part.steps
    assert (step.kind, step.label) == ("role.create", "role")
    return step.params


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
def test_capabilities_are_lines_of_a_form(text: str, capabilities: Any) -> None:
    assert params(capabilities=text).capabilities == capabilities


@pytest.mark.parametrize(
    "text",
    ["", "\n", "moodle/course:view = yes", "moodle:view", "MOODLE/course:view", "a/b:c\na/b:c", "= allow"],
)
def test_what_is_no_list_of_capabilities_is_refused(text: str) -> None:
    with pytest.raises(OrderInvalid):
        params(capabilities=text)


@pytest.mark.parametrize("text", ["course system", "course,system", "course; system", "course\nsystem"])
def test_context_levels_are_words(text: str) -> None:
    assert params(context_levels=text).context_levels == ("course", "system")


def test_roles_that_it_may_assign_are_words() -> None:
    assert params(allow_assign="student, teacher").allow_assign == ("student", "teacher")


@pytest.mark.parametrize("shortname", ["Methodist", "1role", "new role", "методист", "x" * 101])
def test_a_short_name_that_moodle_would_change_is_refused(shortname: str) -> None:
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
def test_a_guarded_capability_is_granted_only_where_the_policy_names_it(capability: str) -> None:
    order = {"capabilities": f"moodle/course:view\n{capability}"}
    assert guarded(**order) == [capability]
    assert guarded("moodle/other:thing", **order) == [capability]
    for allowed in (capability, capability.partition(":")[0] + ":*"):
        assert {"name": capability, "permission": "allow"} in call(allowed, **order)["capabilities"]


def test_all_guarded_capabilities_of_an_order_are_told_at_once() -> None:
    assert guarded(capabilities="moodle/site:config\nmoodle/role:manage", archetype="manager") == [
        "archetype:manager",
        "moodle/role:manage",
        "moodle/site:config",
    ]


@pytest.mark.parametrize("permission", ["prevent", "prohibit"])
def test_taking_a_guarded_capability_away_needs_no_policy(permission: str) -> None:
    taken_away = call(capabilities=f"moodle/site:config = {permission}")
    assert taken_away["capabilities"] == [{"name": "moodle/site:config", "permission": permission}]


BRINGING = ["manager", "coursecreator", "editingteacher", "teacher"]


@pytest.mark.parametrize("archetype", BRINGING)
def test_an_archetype_that_brings_guarded_capabilities_needs_the_policy(archetype: Any) -> None:
    assert guarded(archetype=archetype) == [f"archetype:{archetype}"]
    for allowed in (f"archetype:{archetype}", "archetype:*"):
        assert call(allowed, archetype=archetype)["archetype"] == archetype


def test_what_an_archetype_brings_is_named_to_the_operator() -> None:
    with pytest.raises(
        OrderRefused,
        match=r"the archetype coursecreator holds moodle/restore:rolldates, moodle/site:configview",
    ):
        plan(archetype="coursecreator")


def test_an_archetype_s_guarded_capabilities_may_be_allowed_one_by_one_or_taken_away_by_the_order() -> None:
    assert (
        call("moodle/restore:*", "moodle/site:configview", archetype="coursecreator")["archetype"]
        == "coursecreator"
    )
    away = "moodle/restore:rolldates = prevent\nmoodle/site:configview = prohibit"
    assert call(archetype="coursecreator", capabilities=away)["archetype"] == "coursecreator"
    assert guarded("moodle/restore:*", archetype="coursecreator") == ["archetype:coursecreator"]


@pytest.mark.parametrize("archetype", ["", "student", "guest", "user", "frontpage"])
def test_other_archetypes_need_none(archetype: str) -> None:
    assert call(archetype=archetype)["archetype"] == archetype


def test_what_archetypes_bring_is_what_moodle_gives_them_by_default() -> None:
    defaults = capabilities()
    for archetype, known in GUARDED_DEFAULTS.items():
        brought = {
            name
            for name, archetypes in defaults.items()
            if archetype in archetypes and matches(name, GUARDED)
        } - EVERYBODYS
        assert brought if archetype == "manager" else brought == known, archetype
    everybody = {
        name for name, archetypes in defaults.items() if "user" in archetypes and matches(name, GUARDED)
    }
    assert everybody == EVERYBODYS


@pytest.mark.parametrize("power", ["assign", "override", "switch"])
@pytest.mark.parametrize("role", ["manager", "coursecreator", "deputyrector"])
def test_power_over_a_role_that_may_be_an_administrator_s_needs_the_policy(power: str, role: str) -> None:
    order = {"archetype": "student", f"allow_{power}": f"student {role}"}
    assert guarded(**order) == [f"{power}:{role}"]
    assert call(f"{power}:{role}", **order)[f"allow{power}"] == ["student", role]


@pytest.mark.parametrize("power", ["assign", "override", "switch", "view"])
def test_power_over_ordinary_roles_needs_none(power: str) -> None:
    ordinary = ["editingteacher", "teacher", "student", "guest", "user", "frontpage"]
    assert call(**{f"allow_{power}": " ".join(ordinary)})[f"allow{power}"] == ordinary


def test_seeing_any_role_needs_none() -> None:
    assert call(allow_view="manager")["allowview"] == ["manager"]


def test_every_guard_is_a_pattern_that_a_capability_can_match() -> None:
    assert all("/" in pattern for pattern in GUARDED)


# --- plan and evidence


def test_the_plan_freezes_the_whole_call() -> None:
    found = plan(
        "archetype:teacher",
        description="Для кафедр",
        archetype="teacher",
        context_levels="course module",
        allow_assign="student",
        allow_view="teacher",
        capabilities="mod/quiz:view = prevent\nmod/page:view",
    )
    assert found.part.steps[0].params == {
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


def test_a_role_is_shown_as_read_back() -> None:
    assert evidence({"role": RESULT}, FakeMoodle()) == {
        "kind": "role",
        "role_id": 9,
        "shortname": "methodist",
        "name": "Методист",
        "context_levels": ["course"],
        "capabilities": RESULT["capabilities"],
        "url": f"{URL}/admin/roles/define.php?action=view&roleid=9",
    }


def test_what_is_left_of_a_role_that_was_taken_back() -> None:
    found = evidence({"role": RESULT}, FakeMoodle())
    assert taken_back(found) == {"kind": "role-deleted", "role_id": 9, "shortname": "methodist"}
