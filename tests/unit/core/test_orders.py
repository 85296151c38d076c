"""Orders: the form's fields become a service and its parameters, and every fault is told in the customer's language."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.catalogue import Catalogue
from bridge.errors import UserError
from bridge.lifecycle import OrderFault
from bridge.orders import find_order
from bridge.tickets import Order
from tests.builders import make_ticket

CATALOGUE = Catalogue.parse((Path(__file__).parents[3] / "config" / "catalogue.toml").read_text(encoding="utf-8"), "catalogue.toml")
ROLE = {
    "service": "2.9.1-access", "param_shortname": "methodist", "param_name": "Методист", "param_context_levels": "course system",
    "param_capabilities": "moodle/course:view = allow",
}  # fmt: skip
RESTORE = {"service": "2.9.1-restore", "param_shortname": "OT-1"}


def order(fields: dict[str, str], **changes: str) -> Order | OrderFault | None:
    return find_order(make_ticket(fields={**fields, **changes}), CATALOGUE)


def problems(fields: dict[str, str], **changes: str) -> tuple[str, ...]:
    found = order(fields, **changes)
    assert isinstance(found, OrderFault), found
    assert found.source == "поля заявки"
    return found.problems


def test_fields_become_a_service_and_its_parameters():
    assert order(RESTORE) == Order("2.9.1-restore", {"shortname": "OT-1"}, "поля заявки")


def test_other_fields_of_the_form_are_no_parameters():
    assert order(RESTORE, phone="+7", shortname="x") == order(RESTORE)


def test_an_empty_parameter_is_one_that_was_not_given():
    assert order(RESTORE, param_fullname="  ") == order(RESTORE)


def test_spaces_around_the_service_do_not_count():
    assert order(RESTORE, service=" 2.9.1-restore ") == order(RESTORE)


@pytest.mark.parametrize("fields", [{}, {"service": ""}, {"service": " "}, {"param_shortname": "OT-1"}, {"Услуга": "2.9.1-restore"}])
def test_a_ticket_without_a_service_is_free_text(fields):
    assert order(fields) is None


def test_a_service_that_the_catalogue_does_not_have_is_told():
    assert problems(RESTORE, service="9.9.9-moon") == ("service: услуги «9.9.9-moon» нет в каталоге",)


@pytest.mark.parametrize(
    ("fields", "changes", "problem"),
    [
        (RESTORE, {"param_shortname": ""}, "укажите, какой курс восстановить: course_id, idnumber, shortname или fullname"),
        (RESTORE, {"param_color": "red"}, "color: такого параметра у этой услуги нет"),
        (RESTORE, {"param_course_id": "сорок"}, "course_id: должно быть целым числом"),
        (RESTORE, {"param_course_id": "12.5"}, "course_id: должно быть целым числом"),
        (RESTORE, {"param_course_id": "9" * 5000}, "course_id: должно быть целым числом"),
        (RESTORE, {"param_course_id": "0"}, "course_id: должно быть больше нуля"),
        (RESTORE, {"param_course_id": "-3"}, "course_id: должно быть больше нуля"),
        (RESTORE, {"param_users": "может быть"}, "users: должно быть «да» или «нет»"),
        (RESTORE, {"param_idnumber": "x" * 101}, "idnumber: слишком длинное значение (не более 100 знаков)"),
        (ROLE, {"param_shortname": ""}, "shortname: параметр не указан"),
        (ROLE, {"param_shortname": "Методист"}, "shortname: содержит недопустимые символы"),
        (ROLE, {"param_archetype": "бог"}, ("archetype: недопустимое значение; допустимо: '', 'manager', 'coursecreator', 'editingteacher', "
                                           "'teacher', 'student', 'guest', 'user' или 'frontpage'")),
        (ROLE, {"param_context_levels": "сайт"},
         "context_levels.0: недопустимое значение; допустимо: 'system', 'user', 'coursecat', 'course', 'module' или 'block'"),
        (ROLE, {"param_context_levels": ","}, "context_levels: не должно быть пустым"),
        (ROLE, {"param_capabilities": ";"}, "capabilities: не должно быть пустым"),
        (ROLE, {"param_capabilities": "moodle/course:view = maybe"},
         "capabilities.moodle/course:view: недопустимое значение; допустимо: 'allow', 'prevent' или 'prohibit'"),
        (ROLE, {"param_capabilities": "course view"}, "capabilities.course view: содержит недопустимые символы"),
        (ROLE, {"param_capabilities": "moodle/course:view\nmoodle/course:view=prevent"}, "capabilities: право moodle/course:view указано дважды"),
        (ROLE, {"param_capabilities": "moodle/course:view\n= allow"}, "capabilities: право не названо: «= allow»"),
    ],
)  # fmt: skip
def test_a_fault_of_a_parameter_is_told_in_the_customer_s_language(fields, changes, problem):
    assert problems(fields, **changes) == (problem,)


def test_all_faults_are_told_at_once():
    found = problems({"service": "2.9.1-access", "param_name": "x" * 256, "param_colour": "red"})
    assert {problem.partition(":")[0] for problem in found} == {"shortname", "name", "context_levels", "capabilities", "colour"}


def test_parameters_of_a_service_that_is_done_by_hand_are_taken_as_they_are():
    manual = Catalogue.parse('[[service]]\nid = "m"\nname = "m"\nbilling = { kind = "actual" }\nhandling = "manual"\n', "c")
    assert find_order(make_ticket(fields={"service": "m", "param_any": "1"}), manual) == Order("m", {"any": "1"}, "поля заявки")


def test_an_action_that_the_bridge_does_not_have_is_named():
    broken = Catalogue.parse('[[service]]\nid = "m"\nname = "m"\nbilling = { kind = "actual" }\nhandling = "auto"\naction = "fly"\n', "c")
    with pytest.raises(UserError, match=r"service m names the action fly, which the bridge does not have"):
        find_order(make_ticket(fields={"service": "m"}), broken)
