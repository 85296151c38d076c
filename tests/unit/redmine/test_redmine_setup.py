"""The script that sets a Redmine up: what it is given cannot become Ruby, and every name in it is one that
Redmine takes and the bridge reads.
"""

from __future__ import annotations

import base64
import json
import re
import tomllib
from dataclasses import asdict, replace
from importlib import resources
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic import TypeAdapter

from bridge.actions import ACTIONS
from bridge.actions.registry import LONGEST_FIELD
from bridge.cli import main
from bridge.domain.tickets import StageState, TicketState
from bridge.portal.redmine import reading
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.setup import LONGEST_NAME, MADE_FOR_ALL, OrderField, Setup
from bridge.settings import default_catalogue

SETUP = Setup(
    projects=["school-7"],
    category="Выделенный специалист (н.часы)",
    customer_role="Заказчик",
    specialist_role="Специалист",
    accountant_role="Бухгалтер",
    bridge_user="otbridge",
    categories=["Разработка"],
    fields=[OrderField("shortname", "Имя роли (param_shortname)", "string", "create-role")],
)
BODY = resources.files("bridge.portal.redmine").joinpath("setup.rb").read_text(encoding="utf-8")
HOSTILE = [
    '#{exit}"',
    '"; exit; "',
    "`id`",
    "\\",
    "'",
    "\n",
    "\r\n__END__\n",
    "=begin",
    "%x(id)",
    "\N{LINE SEPARATOR}",
    "\x00",
    "проект № 7",
]


def given(script: str) -> Any:
    """What the script is given, and nothing else stands before its body."""
    first, _, rest = script.partition("\n")
    assert rest.rstrip("\n") == BODY.rstrip("\n")
    line = re.fullmatch(r'GIVEN = "([A-Za-z0-9+/]+=*)"', first)
    assert line is not None
    return json.loads(base64.b64decode(line[1], validate=True))


def init(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", "no-such-settings.toml", "init-redmine", *arguments])


# What it is given


def test_the_script_is_given_what_it_was_told() -> None:
    assert given(SETUP.script()) == {**json.loads(json.dumps(asdict(SETUP))), "made_for_all": MADE_FOR_ALL}
    assert BODY.count("GIVEN") == 1


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_is_given_cannot_become_ruby(hostile: str) -> None:
    members = (
        "projects",
        "categories",
        "category",
        "customer_role",
        "specialist_role",
        "accountant_role",
        "bridge_user",
    )
    for member in members:
        value: Any = [hostile] if isinstance(getattr(SETUP, member), list) else hostile
        assert given(replace(SETUP, **{member: value}).script())[member] == value


def test_the_body_never_puts_what_it_is_given_into_code() -> None:
    assert (
        re.findall(
            r"\b(?:eval|instance_eval|class_eval|system|exec|spawn|send|constantize|binding|Kernel|open3?)\b\s*[(\"']",
            BODY,
        )
        == []
    )
    assert "`" not in BODY
    assert "%x" not in BODY


# otbridge init-redmine


def test_the_command_prints_the_script_without_settings() -> None:
    printed = init("--project", "school-7", "--project", '#{exit}"')
    assert printed.exit_code == 0
    told = given(printed.stdout)
    assert told["projects"] == ["school-7", '#{exit}"']
    assert (told["category"], told["customer_role"], told["specialist_role"], told["bridge_user"]) == (
        "Выделенный специалист (н.часы)",
        "Заказчик",
        "Специалист",
        "otbridge",
    )


def test_the_command_hands_its_options_on() -> None:
    options = {
        "category": "Платные",
        "customer_role": "К",
        "specialist_role": "С",
        "accountant_role": "Б",
        "bridge_user": "most",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    told = given(init("--project", "p", *arguments).stdout)
    assert {name: told[name] for name in options} == options


def test_the_command_wants_a_project() -> None:
    refused = init()
    assert refused.exit_code == 2
    assert "--project" in refused.output
    assert "GIVEN" not in refused.output


MADE_BEFORE = {
    "add-files": {
        "Курс файлов (param_course)",
        "Файлы (param_file)",
        "param_folder",
        "Секция файлов (param_section)",
    },
    "add-pages": {
        "Курс страниц (param_course)",
        "Страницы (param_page)",
        "Секция страниц (param_section)",
    },
    "create-assignments": {
        "param_assignment",
        "Курс заданий (param_course)",
        "Секция заданий (param_section)",
    },
    "create-course": {
        "Раздел (param_category_id)",
        "Новый курс (param_fullname)",
        "Секции (param_sections)",
        "Код курса (param_shortname)",
    },
    "create-glossary": {
        "Курс глоссария (param_course)",
        "Глоссарий (param_name)",
        "Секция слов (param_section)",
        "param_term",
        "param_terms_file",
    },
    "create-groups": {
        "Курс групп (param_course)",
        "Группы (param_groups)",
    },
    "create-lesson": {
        "Курс лекции (param_course)",
        "Лекция (param_name)",
        "Шаги лекции (param_page)",
        "Секция лекции (param_section)",
    },
    "create-quiz": {
        "Курс теста (param_course)",
        "Файл теста (param_file)",
        "Название теста (param_name)",
    },
    "create-role": {
        "Назначает (param_allow_assign)",
        "Меняет (param_allow_override)",
        "Входит (param_allow_switch)",
        "Видит (param_allow_view)",
        "Тип (param_archetype)",
        "Права (param_capabilities)",
        "Уровни (param_context_levels)",
        "Описание (param_description)",
        "Название роли (param_name)",
        "Имя роли (param_shortname)",
    },
    "import-questions": {
        "Раздел банка (param_category)",
        "Банк курса (param_course)",
        "Файл вопросов (param_file)",
    },
    "restore-course": {
        "Категория (param_category_id)",
        "Курс, id (param_course_id)",
        "Полное имя (param_fullname)",
        "Код (param_idnumber)",
        "Имя курса (param_shortname)",
        "С данными (param_users)",
    },
}
"""Fields that Redmines were set up with; under another name a field would be made anew beside them."""


def test_every_parameter_with_a_label_has_its_field_and_the_others_share_one() -> None:
    fields = given(init("--project", "p").stdout)["fields"]
    assert {(one["action"], one["param"]) for one in fields} == {
        (action.name, name) for action in ACTIONS.values() for name in action.words.labels
    }
    assert len({one["name"] for one in fields}) == len(fields) > 40
    assert {one["format"] for one in fields} == {"string", "text"}
    assert [one["param"] for one in fields] == sorted(one["param"] for one in fields)


@pytest.mark.parametrize("action", MADE_BEFORE)
def test_a_field_that_sites_have_keeps_its_name(action: str) -> None:
    fields = given(init("--project", "p").stdout)["fields"]
    assert MADE_BEFORE[action] <= {one["name"] for one in fields if one["action"] == action}


def test_a_field_that_was_made_for_all_actions_is_no_field_of_one() -> None:
    told = given(init("--project", "p").stdout)
    assert told["made_for_all"] == MADE_FOR_ALL
    assert set(MADE_FOR_ALL.values()).isdisjoint(one["name"] for one in told["fields"])
    assert all(reading._ORDER_FIELD.fullmatch(name) for name in MADE_FOR_ALL.values())


def test_specialists_log_time_under_the_categories_of_the_catalogue() -> None:
    categories = given(init("--project", "p").stdout)["categories"]
    known = [{one.id, one.name, *one.aliases} for one in default_catalogue().categories]
    assert len(categories) == len(known)
    assert all(name in names for name, names in zip(categories, known, strict=True)), (
        "each is one that the catalogue reads"
    )
    assert all(0 < len(name) <= LONGEST_NAME for name in categories)


# Names

LITERAL = r'"([^"#\\]+)"'


def found(pattern: str) -> list[str]:
    names: list[str] = re.findall(pattern, BODY, re.MULTILINE)
    return names


STATUSES = found(rf"status\({LITERAL}")
TRACKERS = found(rf"tracker\({LITERAL}")
FIELDS = found(rf"(?:Issue|TimeEntry|Project)CustomField, {LITERAL}")
ACTIVITIES = re.findall(LITERAL, found(r"activities = \{(.+?)\}")[0])
OTHERS = found(rf"named\(\w+, {LITERAL}")


def order_fields() -> list[str]:
    """Names of the fields of an order, those of all parameters among them."""
    own = [one["name"] for one in given(init("--project", "p").stdout)["fields"]]
    return [*found(rf'^ +\[{LITERAL}, "(?:string|text)"'), *own]


def test_no_name_is_longer_than_redmine_takes() -> None:
    assert {"Новая", "Списана"} <= set(STATUSES)
    assert TRACKERS == ["Заявка", "Этап"]
    assert {"Имя курса (param_shortname)", "Имя роли (param_shortname)"} <= set(order_fields())
    assert {
        "Ключ записи моста",
        "Смета согласована",
        "Коэффициент К",
        "Нормо-часы",
        "Данные списания",
        "Овердрафт, н.ч",
    } <= set(FIELDS)
    assert ACTIVITIES == ["Пополнение", "Списание", "Возврат"]
    assert len(found(r"field\(\s*\w+CustomField, ")) == len(FIELDS) + 1, (
        "all have their names as literals, but those of an order"
    )
    names = [*STATUSES, *TRACKERS, *FIELDS, *ACTIVITIES, *OTHERS, *order_fields()]
    assert [name for name in names if len(name) > LONGEST_NAME] == []
    assert LONGEST_FIELD == LONGEST_NAME, "what an action's folder is held to"


def test_no_two_of_a_kind_have_one_name() -> None:
    for names in (STATUSES, TRACKERS, ACTIVITIES, [*FIELDS, *order_fields()]):
        assert len(names) == len(set(names))


def test_the_bridge_reads_the_fields_of_an_order_and_no_other() -> None:
    read = [match[1] for name in order_fields() if (match := reading._ORDER_FIELD.fullmatch(name))]
    params = [f"param_{name}" for action in ACTIONS.values() for name in action.words.labels]
    assert sorted(read) == sorted(
        ["installation", "service", "variant", "quantity", "action", "params", *params]
    ), "each action has fields of its own"
    assert [name for name in FIELDS if reading._ORDER_FIELD.fullmatch(name)] == []


def test_every_state_of_the_convention_has_its_status() -> None:
    states = dict(re.findall(r"(ticket_states|stage_states) = \{\n(.+?)\n  \}", BODY, re.DOTALL))
    assert re.findall(r"(\w+): ", states["ticket_states"]) == [one.value for one in TicketState]
    assert re.findall(r"(\w+): ", states["stage_states"]) == [one.value for one in StageState]


def test_the_table_that_it_prints_is_the_convention() -> None:
    (table,) = re.findall(r"puts <<~TOML\n(.+?)\n  TOML", BODY, re.DOTALL)
    filled = iter(range(1, 100))
    states = {"ticket_states": TicketState, "stage_states": StageState}
    for name, kind in states.items():
        table = table.replace(f"#{{ids[{name}]}}", ", ".join(f"{one} = {next(filled)}" for one in kind))
    table = table.replace(
        "#{ids[activities]}",
        ", ".join(f"{one} = {next(filled)}" for one in ("top_up", "capture", "reversal")),
    )
    document = tomllib.loads(re.sub(r"#\{\w+\.id\}", lambda _: str(next(filled)), table))
    read = TypeAdapter(RedmineConvention).validate_python(document["portal"]["redmine"])
    assert (read.ticket_states[TicketState.OPEN], read.trackers.ticket > 0, len(read.stage_states)) == (
        1,
        True,
        6,
    )
    assert None not in vars(read.issue_fields).values(), "what there is to show is shown"


# The workflow: what tests/live shows on a Redmine, kept here where there is none


def test_the_workflow_closes_what_rights_would_undo() -> None:
    body = " ".join(BODY.split())
    assert "place = %w[project_id tracker_id category_id parent_issue_id]" in body
    for rule in (
        "ticket, customer, ticket_states.values - [open], [agreed.id, *place]",
        "ticket, specialist, [done, ticket_states[:withdrawn]], [agreed.id, *place]",
        (
            "stage, customer, stage_states.values, [ coefficient.id, *place, *%w[subject "
            "description estimated_hours"
        ),
        "stage, specialist, [accepted, written_off], place",
        'stage, specialist, [written_off], [coefficient.id, "estimated_hours"]',
        "stage, role, stage_states.values, [held.id, taken.id]",
    ):
        assert f'rule("readonly", {rule}' in body


def test_a_rule_that_somebody_made_for_a_field_stays_the_only_one() -> None:
    assert found(r"WorkflowPermission\.(\w+!?)\(") == ["find_by", "create!"]
    assert (
        "WorkflowPermission.find_by(of_field) || WorkflowPermission.create!(of_field.merge(rule: rule))"
        in BODY
    )
    assert "rule:" not in found(r"of_field = \{(.+)\}")[0], "whatever the rule is"


def test_who_accepts_has_to_say_that_hours_may_be_taken() -> None:
    assert found(r'rule\("required", (.+)\)') == ["stage, customer, [accepted], [consent.id]"]
    assert (
        'hidden_while_empty(\n    field(\n      IssueCustomField, "Списать часы этапа с баланса", "list"'
        in BODY
    )
