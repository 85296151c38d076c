"""Orders: the form's fields become a service and its parameters, an assigned order wins, and every fault
is told in the customer's language.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.catalogue import Catalogue
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.lifecycle import OrderFault
from bridge.domain.tickets import Attachment, Order
from bridge.flow.orders import allowed_unattended, find_order
from tests.builders import make_catalogue, make_ticket

CATALOGUE = read_catalogue(
    (Path(__file__).parents[3] / "config" / "catalogue.toml").read_text(encoding="utf-8"), "catalogue.toml"
)
ROLE = {
    "service": "2.9.1-access",
    "param_shortname": "methodist",
    "param_name": "Методист",
    "param_context_levels": "course system",
    "param_capabilities": "moodle/course:view = allow",
}
PASTED = "(такие символы попадают в текст при вставке из других программ): удалите его"
RESTORE = {"service": "2.9.1-restore", "param_shortname": "OT-1"}


def order(fields: dict[str, str], **changes: str) -> Order | OrderFault | None:
    return find_order(make_ticket(fields={**fields, **changes}), CATALOGUE)


def problems(fields: dict[str, str], **changes: str) -> tuple[str, ...]:
    found = order(fields, **changes)
    assert isinstance(found, OrderFault), found
    assert found.source == "поля заявки"
    return found.problems


def test_fields_become_a_service_and_its_parameters() -> None:
    assert order(RESTORE) == Order(
        "2.9.1-restore", {"shortname": "OT-1"}, "поля заявки", action="restore-course"
    )


def test_what_moodle_takes_is_taken_as_it_is() -> None:
    found = order(
        RESTORE,
        param_course_id=str(2**63 - 1),
        param_shortname=" OT-1\r\n",
        param_fullname="Кур\u200dс\u00a0№ 1",
    )
    assert isinstance(found, Order)
    described = order(ROLE, param_description="первая\n\tвторая\r\n")
    assert isinstance(described, Order)


@pytest.mark.parametrize(
    "fields",
    [
        {"Service": "2.9.1-restore", "Param_Shortname": "OT-1"},
        {"SERVICE": "2.9.1-restore", "param_shortname (краткое имя)": "OT-1"},
        {"Услуга (service)": "2.9.1-restore", "Краткое имя (param_shortname)": "OT-1"},
        {"service (услуга)": "2.9.1-restore", "param_Shortname (краткое имя)": "OT-1", "Service": " "},
        {"Услуга\n(Service)": "2.9.1-restore", " PARAM_SHORTNAME ": "OT-1"},
    ],
)
def test_a_field_in_another_case_or_with_a_remark_is_recognised(fields: Any) -> None:
    assert order(fields) == order(RESTORE)


def test_two_fields_of_one_name_are_told() -> None:
    assert problems(RESTORE, Service="2.6") == (
        "service: указано дважды («service» и «Service»): оставьте одно",
    )
    assert problems(RESTORE, Param_Shortname="OT-2") == (
        "param_shortname: указано дважды («param_shortname» и «Param_Shortname»): оставьте одно",
    )
    assert problems(RESTORE, param_Shortname="OT-2") == (
        "shortname: указано дважды («shortname» и «Shortname»): оставьте одно",
    )


def test_a_parameter_that_is_not_recognised_is_named_with_those_that_are_near() -> None:
    assert problems(RESTORE, param_shortnam="OT-2") == (
        "shortnam: такого параметра у этой услуги нет; похожие: shortname, new_shortname",
    )


def test_other_fields_of_the_form_are_no_parameters() -> None:
    assert order(RESTORE, phone="+7", shortname="x") == order(RESTORE)


def test_an_empty_parameter_is_one_that_was_not_given() -> None:
    assert order(RESTORE, param_fullname="  ") == order(RESTORE)


def test_spaces_around_the_service_do_not_count() -> None:
    assert order(RESTORE, service=" 2.9.1-restore ") == order(RESTORE)


@pytest.mark.parametrize(
    "fields",
    [{}, {"service": ""}, {"service": " "}, {"param_shortname": "OT-1"}, {"Услуга": "2.9.1-restore"}],
)
def test_a_ticket_without_a_service_is_free_text(fields: Any) -> None:
    assert order(fields) is None


def test_a_service_that_the_catalogue_does_not_have_is_told() -> None:
    assert problems(RESTORE, service="9.9.9-moon") == ("service: услуги «9.9.9-moon» нет в каталоге",)


def test_the_closest_services_are_told() -> None:
    (problem,) = problems(RESTORE, service="2.9.1-restor")
    assert problem.startswith("service: услуги «2.9.1-restor» нет в каталоге; похожие: 2.9.1-restore")


def test_a_hostile_service_is_shown_on_one_short_line() -> None:
    (problem,) = problems(RESTORE, service="x\n\x1b[31m" * 9999)
    assert len(problem) < 120
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("fields", "changes", "problem"),
    [
        (
            RESTORE,
            {"param_shortname": ""},
            "укажите, какой курс восстановить: course_id, idnumber, shortname или fullname",
        ),
        (RESTORE, {"param_color": "red"}, "color: такого параметра у этой услуги нет"),
        (RESTORE, {"param_course_id": "сорок"}, "course_id: должно быть целым числом"),
        (RESTORE, {"param_course_id": "12.5"}, "course_id: должно быть целым числом"),
        (RESTORE, {"param_course_id": "9" * 5000}, "course_id: должно быть целым числом"),
        (RESTORE, {"param_course_id": "0"}, "course_id: должно быть больше нуля"),
        (
            RESTORE,
            {"param_course_id": "1" * 20},
            "course_id: слишком большое число: таких номеров в Moodle не бывает",
        ),
        (
            RESTORE,
            {"param_course_id": str(2**63)},
            "course_id: слишком большое число: таких номеров в Moodle не бывает",
        ),
        (
            RESTORE,
            {"param_course_id": "007"},
            "course_id: должно быть целым числом; пишите его только цифрами, без нулей впереди",
        ),
        (
            RESTORE,
            {"param_course_id": "1_000"},
            "course_id: должно быть целым числом; пишите его только цифрами, без нулей впереди",
        ),
        (RESTORE, {"param_course_id": "٤٢"}, "course_id: должно быть целым числом"),
        (RESTORE, {"param_shortname": "OT\x0b1"}, "shortname: содержит управляющий символ U+000B " + PASTED),
        (RESTORE, {"param_fullname": "Охрана\nтруда"}, "fullname: содержит перенос строки " + PASTED),
        (RESTORE, {"param_fullname": "Охрана\u2028труда"}, "fullname: содержит перенос строки " + PASTED),
        (RESTORE, {"param_idnumber": "a\ud800"}, "idnumber: содержит управляющий символ U+D800 " + PASTED),
        (
            ROLE,
            {"param_description": "первая\nвторая\x00"},
            "description: содержит управляющий символ U+0000 " + PASTED,
        ),
        (ROLE, {"param_name": "Мето\x1bдист"}, "name: содержит управляющий символ U+001B " + PASTED),
        (
            ROLE,
            {"param_allow_assign": "student te\x01acher"},
            "allow_assign №2: содержит управляющий символ U+0001 " + PASTED,
        ),
        (RESTORE, {"param_course_id": "-3"}, "course_id: должно быть больше нуля"),
        (RESTORE, {"param_users": "может быть"}, "users: должно быть «да» или «нет»"),
        (RESTORE, {"param_idnumber": "x" * 101}, "idnumber: слишком длинное значение (не более 100 знаков)"),
        (ROLE, {"param_shortname": ""}, "shortname: параметр не указан"),
        (ROLE, {"param_shortname": "Методист"}, "shortname: содержит недопустимые символы"),
        (
            ROLE,
            {"param_archetype": "бог"},
            (
                "archetype: недопустимое значение; допустимо: '', 'manager', 'coursecreator', "
                "'editingteacher', "
                "'teacher', 'student', 'guest', 'user' или 'frontpage'"
            ),
        ),
        (
            ROLE,
            {"param_context_levels": "сайт"},
            (
                "context_levels №1: недопустимое значение; допустимо: 'system', 'user', 'coursecat', "
                "'course', 'module' или 'block'"
            ),
        ),
        (ROLE, {"param_context_levels": ","}, "context_levels: не должно быть пустым"),
        (ROLE, {"param_capabilities": ";"}, "capabilities: не должно быть пустым"),
        (
            ROLE,
            {"param_capabilities": "moodle/course:view = maybe"},
            (
                "capabilities.moodle/course:view: недопустимое значение; допустимо: 'allow', 'prevent' "
                "или 'prohibit'"
            ),
        ),
        (
            ROLE,
            {"param_capabilities": "course view"},
            "capabilities.course view: содержит недопустимые символы",
        ),
        (
            ROLE,
            {"param_capabilities": "moodle/course:view\nmoodle/course:view=prevent"},
            "capabilities: право moodle/course:view указано дважды",
        ),
        (
            ROLE,
            {"param_capabilities": "moodle/course:view\n= allow"},
            "capabilities: право не названо: «= allow»",
        ),
    ],
)
def test_a_fault_of_a_parameter_is_told_in_the_customer_s_language(
    fields: Any, changes: Any, problem: str
) -> None:
    assert problems(fields, **changes) == (problem,)


def test_all_faults_are_told_at_once() -> None:
    found = problems({"service": "2.9.1-access", "param_name": "x" * 256, "param_colour": "red"})
    assert {problem.partition(":")[0] for problem in found} == {
        "shortname",
        "name",
        "context_levels",
        "capabilities",
        "colour",
    }


SOME = read_catalogue(
    """
[category.content]
name = "Ассистент редактора"
coefficient = "0.6"
[[service]]
id = "hand"
name = "По телефону"
section = "4"
category = "content"
billing = { kind = "actual" }
handling = "manual"
actions = []
[[service]]
id = "bank"
name = "Раздел банка вопросов"
section = "4"
category = "content"
billing = { kind = "fixed", hours = "2" }
handling = "auto"
actions = ["fly", "create-role", "restore-course"]
    [[service.variant]]
    id = "text"
    name = "только текст"
    hours = "2"
    [[service.variant]]
    id = "pictures"
    name = "с картинками"
    hours = "4"
""",
    "c",
)
BANK = {"service": "bank", "variant": "text", "action": "restore-course", "param_shortname": "OT-1"}


def some(fields: dict[str, str], **changes: str) -> Order | OrderFault | None:
    return find_order(make_ticket(fields={**fields, **changes}), SOME)


def test_a_variant_a_quantity_and_an_action_are_taken_from_the_form() -> None:
    assert some(BANK, variant=" pictures ", quantity=" 3 ") == Order(
        "bank", {"shortname": "OT-1"}, "поля заявки", "pictures", 3, "restore-course"
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"variant": ""}, "variant: назовите вариант услуги: text (только текст), pictures (с картинками)"),
        (
            {"variant": "video"},
            "variant: варианта «video» у этой услуги нет; есть: text (только текст), pictures (с картинками)",
        ),
        ({"quantity": "0"}, "quantity: должно быть целым числом от 1 до 1000"),
        ({"quantity": "1001"}, "quantity: должно быть целым числом от 1 до 1000"),
        ({"quantity": "²"}, "quantity: должно быть целым числом от 1 до 1000"),
        ({"quantity": "-1"}, "quantity: должно быть целым числом от 1 до 1000"),
        ({"quantity": "9" * 5000}, "quantity: должно быть целым числом от 1 до 1000"),
        (
            {"action": "swim"},
            "action: действия «swim» у этой услуги нет; есть: fly, create-role, restore-course",
        ),
        (
            {"param_shortname": ""},
            "укажите, какой курс восстановить: course_id, idnumber, shortname или fullname",
        ),
    ],
)
def test_a_fault_beside_the_parameters_is_told(changes: Any, problem: str) -> None:
    assert some(BANK, **changes) == OrderFault("поля заявки", (problem,))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"variant": "text"}, "variant: у этой услуги нет вариантов"),
        ({"action": "fly"}, "action: эту услугу выполняет специалист, действий у неё нет"),
    ],
)
def test_a_service_without_variants_and_actions_takes_none(changes: Any, problem: str) -> None:
    assert some({"service": "hand"}, **changes) == OrderFault("поля заявки", (problem,))


def test_without_a_named_action_the_first_one_that_the_bridge_has_does_the_work() -> None:
    found = some(
        BANK, action="", **{name: value for name, value in ROLE.items() if name.startswith("param_")}
    )
    assert isinstance(found, Order), found
    assert found.action == "create-role"


def test_an_action_that_the_bridge_does_not_have_is_worked_by_hand() -> None:
    assert some(BANK, action="fly", param_any="1") == Order(
        "bank", {"any": "1", "shortname": "OT-1"}, "поля заявки", "text"
    )


def test_parameters_are_checked_only_where_nobody_s_hands_do_the_work() -> None:
    ticket = make_ticket(fields={**BANK, "param_colour": "red"})
    assert isinstance(find_order(ticket, SOME, unattended=allowed_unattended(["bank"])), OrderFault)
    by_hand = find_order(ticket, SOME, unattended=allowed_unattended(["hand"]))
    assert isinstance(by_hand, Order)
    assert by_hand.params == {"shortname": "OT-1", "colour": "red"}


def test_parameters_of_a_service_that_is_done_by_hand_are_taken_as_they_are() -> None:
    assert some({"service": "hand", "param_any": "1"}) == Order("hand", {"any": "1"}, "поля заявки")


def test_an_assigned_order_wins_over_form_and_file() -> None:
    document = {
        "service": "bank",
        "variant": "text",
        "quantity": 2,
        "action": None,
        "params": {"shortname": "OT-2"},
    }
    ticket = make_ticket(
        fields={"service": "no-such"}, attachments=(Attachment("f1", "order.toml", 1, "", ""),)
    )
    found = find_order(ticket, SOME, assigned=document, unattended=allowed_unattended([]))
    assert found == Order(
        "bank", {"shortname": "OT-2"}, "заказ, назначенный специалистом", "text", 2, "create-role"
    )


def test_faults_of_an_assigned_order_are_told_as_well() -> None:
    found = find_order(
        make_ticket(),
        SOME,
        assigned={"service": "no-such", "variant": "", "quantity": 0, "action": None, "params": {}},
    )
    assert found == OrderFault(
        "заказ, назначенный специалистом",
        ("service: услуги «no-such» нет в каталоге", "quantity: должно быть целым числом от 1 до 1000"),
    )


# --- parameters in one field, and several actions


def test_parameters_may_stand_in_one_field_as_toml() -> None:
    table = 'name = "Методист"\ncontext_levels = ["course"]\n[capabilities]\n"moodle/course:view" = "allow"\n'
    found = order({"service": "2.9.1-access", "param_shortname": "m", "Параметры (params)": table})
    assert isinstance(found, Order), found
    assert found.params == {
        "shortname": "m",
        "name": "Методист",
        "context_levels": ["course"],
        "capabilities": {"moodle/course:view": "allow"},
    }


def test_a_parameter_that_stands_twice_and_a_field_that_is_no_toml_are_told() -> None:
    assert problems(ROLE, params='name = "x"') == (
        "name: указано и в своём поле, и в поле params: оставьте одно",
    )
    assert problems(ROLE, params="name =")[0].startswith("params: строка 1: это не TOML")


def test_what_only_a_specialist_may_set_is_refused_in_a_form() -> None:
    assert problems(RESTORE, param_private_backups="да") == (
        "private_backups: это может указать только специалист",
    )
    assigned = {"service": "2.9.1-restore", "params": {"shortname": "OT-1", "private_backups": "да"}}
    found = find_order(make_ticket(), CATALOGUE, assigned=assigned)
    assert isinstance(found, Order)
    assert found.params["private_backups"] == "да"


GROUPS = '[[parts]]\naction = "create-groups"\n[parts.params]\ncourse = "intro"\ngroups = ["А"]\n'


def several(parts: str, catalogue: Catalogue = CATALOGUE) -> Order | OrderFault | None:
    text = f'service = "2.9.1-access"\n{parts}'
    attachment = Attachment("a", "order.toml", len(text.encode()), "", "text/plain")
    return find_order(make_ticket(attachments=(attachment,)), catalogue, files={"a": text})


def test_an_order_may_come_to_several_actions() -> None:
    role = '[[parts]]\naction = "create-role"\n[parts.params]\nshortname = "m"\nname = "М"\n'
    role += 'context_levels = "course"\ncapabilities = "moodle/course:view"\n'
    found = several(role + GROUPS)
    assert isinstance(found, Order), found
    assert found.action == "create-role"
    assert [one.action for one in found.parts] == ["create-role", "create-groups"]
    assert found.parts[1].params == {"course": "intro", "groups": ["А"]}


def test_an_action_that_people_do_makes_the_whole_order_theirs() -> None:
    service = CATALOGUE.get("2.9.1-access")
    assert service is not None
    of_the_site = make_catalogue(replace(service, actions=(*service.actions, "introduce-people")))
    found = several('[[parts]]\naction = "introduce-people"\n' + GROUPS, of_the_site)
    assert isinstance(found, Order)
    assert (found.action, found.parts) == (None, ())


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ('parts = "x"\n', "parts: должно быть списком действий"),
        ("[[parts]]\n[parts.params]\n", "parts[0].action: назовите действие"),
        ('[[parts]]\naction = "fly"\n', "parts[0].action: действия «fly» у этой услуги нет"),
        (GROUPS.replace('["А"]', "[]"), "parts[0].groups: не должно быть пустым"),
        ('action = "create-role"\n' + GROUPS, "parts: действия перечислены"),
        ('[[parts]]\naction = "create-groups"\ncolour = "red"\n', "parts[0].colour: такого ключа нет"),
    ],
)
def test_faults_of_several_actions_are_told_by_their_place(parts: str, told: str) -> None:
    found = several(parts)
    assert isinstance(found, OrderFault), found
    assert any(one.startswith(told) for one in found.problems), found.problems
