"""What a customer reads: Russian texts, word for word, and nothing that is meant for operators."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridge.actions import ACTIONS
from bridge.errors import UserError
from bridge.flow.messages import LONGEST, NAMES, Messages, bounded, hours, minutes, moment, number, roubles
from tests.builders import make_ticket, messages

STAGE = {"stage": "Новая роль"}
ASKED: dict[str, Any] = {"unasked": False, "silent_until": None}
COURSE = {
    "kind": "course",
    "course_id": 7,
    "fullname": "Охрана труда",
    "shortname": "OT-1",
    "url": "https://lms.example.ru/course/view.php?id=7",
    "category_id": 2,
    "backup_at": "2026-02-28T21:15:00+00:00",
    "backup_source": "recyclebin",
    "backup_file": "b.mbz",
    "activities": {"quiz": 2, "page": 1},
    "questions": 40,
    "files": 5,
    "users": True,
    "warnings": ["блок «HTML» пропущен"],
}
ROLE = {
    "kind": "role",
    "role_id": 9,
    "shortname": "methodist",
    "name": "Методист",
    "context_levels": ["course", "coursecat"],
    "capabilities": [
        {"name": "moodle/course:view", "permission": "allow"},
        {"name": "mod/quiz:view", "permission": "prohibit"},
    ],
    "url": "https://lms.example.ru/admin/roles/define.php?action=view&roleid=9",
}
LINE = {"category": "unattended", "spent_minutes": 30, "charged_minutes": 30, "coefficient": "1"}
OPERATORS_OWN = "SQL error in /var/www/moodle"


def told(message: str, **facts: Any) -> str:
    """The text of a message; no-break spaces are shown as `_`."""
    return messages().render(message, make_ticket(), facts).replace("\u00a0", "_")


def test_faults_of_an_order_are_listed() -> None:
    assert (
        told(
            "order:0123456789ab",
            source="поля заявки",
            problems=["shortname: параметр не указан", "color: лишнее"],
        )
        == """\
Заявку № 101 пока нельзя взять в работу: в заказе (поля заявки) есть ошибки.

– shortname: параметр не указан
– color: лишнее

Исправьте заказ (поля заявки или приложенный файл): работа начнётся без новой заявки. Нормо-часы не списаны.
"""
    )


def test_a_balance_that_does_not_reach_is_explained() -> None:
    assert (
        told("suspended", **STAGE, needed="2", available="1.5", missing="0.5")
        == """\
Выполнение заявки № 101 (этап «Новая роль») приостановлено: на балансе не хватает нормо-часов.

Нужно: 2_нормо-ч. Доступно: 1,5_нормо-ч. Не хватает: 0,5_нормо-ч.

Работа продолжится сама, как только баланс будет пополнен.
"""
    )


def test_the_beginning_of_the_work_is_told() -> None:
    assert (
        told("taken", **STAGE, amount="0.75")
        == """\
Заявка № 101 взята в работу: этап «Новая роль».

На балансе зарезервировано 0,75_нормо-ч. Списаны они будут только после того, как Вы примете этап.
"""
    )


def test_a_restored_course_is_shown() -> None:
    assert (
        told("ready", **ASKED, stage="Курс", evidence=COURSE, write_off="1")
        == """\
Этап «Курс» заявки № 101 готов к приёмке.

Курс «Охрана труда» (OT-1) восстановлен: https://lms.example.ru/course/view.php?id=7
Курс возвращён в состояние на 28.02.2026 21:15 UTC – дату резервной копии.
Элементов курса: 3, вопросов: 40, файлов: 5.
Данные пользователей (записи на курс, ответы, оценки) восстановлены вместе с курсом.
Обратите внимание: блок «HTML» пропущен

Проверьте результат и примите этап или верните его с замечаниями. После приёмки будет списано 1_нормо-ч.
"""
    )


def test_what_came_back_is_told_beside_what_the_copy_lists() -> None:
    compared = {"activities": [20, 21], "questions": [40, 40], "grades": [99, 99]}
    text = told("ready", **ASKED, stage="Курс", evidence={**COURSE, "compared": compared}, write_off="1")
    assert (
        "Вернулось (из того, что есть в копии): элементов курса – 20 из 21, вопросов – 40 из 40, "
        "оценок – 99 из 99.\n" in text
    )


def test_moments_are_told_by_the_site_s_clock() -> None:
    facts = {**ASKED, "stage": "Курс", "evidence": COURSE, "write_off": "1"}
    text = Messages(None, ZoneInfo("Europe/Moscow")).render("ready", make_ticket(), facts)
    assert "на 01.03.2026 00:15 MSK – дату" in text


def test_a_course_without_users_data_says_so() -> None:
    text = told(
        "ready", **ASKED, stage="Курс", evidence={**COURSE, "users": False, "warnings": []}, write_off="1"
    )
    assert "Данных пользователей в восстановленном курсе нет." in text
    assert "Обратите внимание" not in text


def test_a_role_is_shown_with_all_its_capabilities() -> None:
    assert (
        told("ready", **STAGE, **ASKED, evidence=ROLE, write_off="0.5")
        == """\
Этап «Новая роль» заявки № 101 готов к приёмке.

Роль «Методист» (methodist) создана: https://lms.example.ru/admin/roles/define.php?action=view&roleid=9
Может быть назначена в контекстах: курс, категория.
Прав: 2.
– moodle/course:view: разрешить
– mod/quiz:view: запретить

Проверьте результат и примите этап или верните его с замечаниями. После приёмки будет списано 0,5_нормо-ч.
"""
    )


def test_work_by_hand_is_shown_by_the_specialists_log() -> None:
    entries = [
        {"category": "content", "minutes": 90, "note": "Разделы курса"},
        {"category": "content", "minutes": 5, "note": ""},
    ]
    text = told("ready", **STAGE, **ASKED, evidence={"kind": "by-hand", "entries": entries}, write_off="0.95")
    assert "\n– Разделы курса: 1 ч 30 мин\n– Работы по заявке: 5 мин\n" in text


def test_silence_that_accepts_is_announced() -> None:
    text = told(
        "ready",
        **STAGE,
        unasked=False,
        silent_until="2026-03-15T09:30:00+00:00",
        evidence=ROLE,
        write_off="0.5",
    )
    assert text.endswith("\nЕсли до 15.03.2026 09:30 UTC замечаний не будет, этап считается принятым.\n")


def test_a_stage_that_needs_no_acceptance_asks_for_none() -> None:
    text = told("ready", **STAGE, unasked=True, silent_until=None, evidence=ROLE, write_off="0.5")
    assert text.endswith(
        "\nПо условиям обслуживания приёмка этого этапа не требуется. Списывается 0,5_нормо-ч.\n"
    )


def test_more_than_was_agreed_asks_for_a_new_agreement() -> None:
    text = told("beyond:2", **STAGE, agreed="2", spent="2.5")
    assert "Согласовано: 2_нормо-ч. Затрачено: 2,5_нормо-ч." in text
    assert "Сверх согласованного ничего не списывается." in text


def test_a_correction_tells_what_was_and_what_is() -> None:
    text = told("corrected:1", **STAGE, was="2", amount="1.5", reason="ошибка учёта", left="8.5")
    assert text.endswith(
        "исправлено: ошибка учёта.\n\nБыло списано: 2_нормо-ч. Теперь: 1,5_нормо-ч.\nОстаток "
        "на балансе: 8,5_нормо-ч.\n"
    )


@pytest.mark.parametrize(
    ("written_off", "text"),
    [
        ("0", "Нормо-часы не списаны, зарезервированные возвращены на баланс."),
        ("3", "За принятые этапы списано 3_нормо-ч; остальное возвращено на баланс."),
    ],
)
def test_a_withdrawal_on_the_customer_s_word_is_confirmed(written_off: str, text: str) -> None:
    assert (
        told("withdrawn", reason="просьба по телефону", written_off=written_off)
        == f"Заявка № 101 отозвана: просьба по телефону.\n\n{text}\n"
    )


def test_a_write_off_is_told_line_by_line_with_its_price() -> None:
    short = {"category": "minimum", "spent_minutes": 0, "charged_minutes": 45, "coefficient": "0.6"}
    assert (
        told(
            "written_off",
            **STAGE,
            charges=[LINE, short],
            amount="0.95",
            left="8",
            price="12375.50",
            entry_id="l1",
            hold_id="h1",
        )
        == """\
Этап «Новая роль» заявки № 101 принят, нормо-часы списаны.

Затрачено: 30 мин; К = 1.
Затрачено: 0 мин, к списанию: 45 мин; К = 0,6.
Списано с баланса: 0,95_нормо-ч (12_375,50_₽).
Остаток на балансе: 8_нормо-ч.
"""
    )


@pytest.mark.parametrize("price", [None, ""])
def test_a_write_off_without_a_price_names_none(price: str | None) -> None:
    text = told("written_off", **STAGE, charges=[LINE], amount="0.5", left="-1", price=price)
    assert text.endswith("\nСписано с баланса: 0,5_нормо-ч.\nОстаток на балансе: -1_нормо-ч.\n")


def test_the_end_tells_the_sum() -> None:
    assert (
        told("done", written_off="1.5") == "Заявка № 101 выполнена. Всего списано с баланса: 1,5_нормо-ч.\n"
    )


CANNOT = "Этап «Новая роль» заявки № 101 выполнить не удалось. Нормо-часы не списаны.\n\n"
SPECIALIST = "Причину выясняет специалист; он сообщит о результате в этой заявке.\n"
CANDIDATES = [
    {"course_id": 7, "fullname": "Охрана труда", "shortname": "OT-1", "backup_at": "2026-02-28 21:15 UTC"},
    {"course_id": 8, "fullname": "Охрана труда", "shortname": "OT-2", "backup_at": "2026-01-31 21:15 UTC"},
]


@pytest.mark.parametrize(
    ("code", "facts", "text"),
    [
        (
            "no-backup",
            {"course": "shortname «OT-1»"},
            (
                "Ни в корзине, ни в резервных копиях нет курса, у которого shortname «OT-1».\n"
                "Проверьте название или укажите идентификатор курса; если курс удалён давно, его копии "
                "могло не сохраниться.\n"
            ),
        ),
        (
            "ambiguous",
            {"course": "fullname «Охрана труда»", "candidates": CANDIDATES},
            (
                "В резервных копиях есть несколько курсов, у которых fullname «Охрана труда»:\n"
                "– Охрана труда (OT-1), course_id 7, копия от 2026-02-28 21:15 UTC\n"
                "– Охрана труда (OT-2), course_id 8, копия от 2026-01-31 21:15 UTC\n"
                "Укажите в заказе course_id нужного курса.\n"
            ),
        ),
        (
            "course-exists",
            {"course": "Охрана труда (OT-1), id 7"},
            (
                "Такой курс уже есть в системе: Охрана труда (OT-1), id 7.\n"
                "Если он не нужен, удалите или переименуйте его (краткое название), затем измените заявку.\n"
            ),
        ),
        (
            "shortnametaken",
            {"course": "Другой (OT-1), id 8"},
            (
                "Краткое название восстанавливаемого курса сейчас носит другой курс: Другой (OT-1), id 8.\n"
                "Укажите в заказе new_shortname – другое краткое название – или переименуйте тот курс.\n"
            ),
        ),
        (
            "no-copy-of-date",
            {"course": "fullname «Охрана»", "date": "16.01.2026", "copies": ["15.01.2026 01:00"]},
            (
                "Копии курса, у которого fullname «Охрана», от 16.01.2026 нет. Есть копии от:\n"
                "– 15.01.2026 01:00\n"
                "Укажите в заказе backup_date с одной из этих дат или уберите дату – тогда будет взята "
                "последняя копия.\n"
            ),
        ),
        (
            "no-category",
            {"category_id": 0},
            (
                "Категории, в которой был курс, больше нет или она не известна. Укажите в заказе "
                "category_id – категорию, куда восстановить курс.\n"
            ),
        ),
        (
            "backupnotfound",
            {},
            "Резервная копия курса исчезла или повреждена. Специалист проверит, есть ли другая копия.\n",
        ),
        (
            "backupinvalid",
            {},
            "Резервная копия курса исчезла или повреждена. Специалист проверит, есть ли другая копия.\n",
        ),
        (
            "precheckfailed",
            {},
            (
                "Резервная копия не проходит проверку системы перед восстановлением. Специалист "
                "разберётся с причиной.\n"
            ),
        ),
        (
            "shortnametaken",
            {"shortname": "methodist", "said": "taken"},
            "Роль с кратким названием «methodist» уже есть. Выберите в заказе другое краткое название.\n",
        ),
        (
            "unknowncapability",
            {"said": "Unknown capabilities: mod/x:y", "shortname": "m"},
            (
                "В заказе названы права, которых нет в Вашей системе. Unknown capabilities: mod/x:y\n"
                "Исправьте список прав в заказе.\n"
            ),
        ),
        (
            "unknowncapability",
            {},
            "В заказе названы права, которых нет в Вашей системе.\nИсправьте список прав в заказе.\n",
        ),
        (
            "unknownrole",
            {"said": "Unknown roles: king"},
            "В заказе названо то, чего нет в Вашей системе. Unknown roles: king\nИсправьте заказ.\n",
        ),
        (
            "unknownarchetype",
            {"said": "x"},
            "В заказе названо то, чего нет в Вашей системе. x\nИсправьте заказ.\n",
        ),
        ("unknowncontextlevel", {}, "В заказе названо то, чего нет в Вашей системе.\nИсправьте заказ.\n"),
        (
            "guarded",
            {"capabilities": ["moodle/role:manage", "moodle/site:config"]},
            (
                "Эти права открывают доступ к управлению сайтом или к чужим данным, по заявке они не "
                "выдаются: moodle/role:manage, moodle/site:config.\n"
                "Уберите их из заказа или согласуйте выдачу со специалистом.\n"
            ),
        ),
        ("restorefailed", {}, SPECIALIST),
        ("interrupted", {}, SPECIALIST),
        ("vanished", {}, SPECIALIST),
        ("not-deleted", {}, SPECIALIST),
        ("opkeyreused", {"said": "dml_exception"}, SPECIALIST),
        ("", {}, SPECIALIST),
    ],
)
def test_each_reason_why_work_cannot_be_done_has_its_words(code: str, facts: Any, text: Any) -> None:
    restores = code in ACTIONS["restore-course"].words.customers | ACTIONS["restore-course"].words.operators
    action = "restore-course" if restores and "shortname" not in facts else "create-role"
    facts = {"action": action, **facts}
    assert told("cannot", **STAGE, code=code, detail=OPERATORS_OWN, **facts) == CANNOT + text


@pytest.mark.parametrize("name", NAMES)
def test_no_message_holds_what_the_operator_reads(name: Any) -> None:
    facts = {
        **STAGE,
        "source": "поля",
        "problems": ["x"],
        "needed": "1",
        "available": "1",
        "missing": "1",
        "amount": "1",
        "write_off": "1",
        "written_off": "1",
        "evidence": COURSE,
        "charges": [LINE],
        "price": "1",
        "left": "1",
        **ASKED,
        "agreed": "1",
        "spent": "2",
        "was": "1",
        "reason": "x",
        "code": "restorefailed",
        "detail": OPERATORS_OWN,
        "debuginfo": OPERATORS_OWN,
    }
    text = messages().render(name, make_ticket(), facts)
    assert text.strip()
    assert OPERATORS_OWN not in text


def test_braces_in_a_customer_s_words_stay_words() -> None:
    assert "«{{ 7*7 }}{% raw %}»" in told("taken", stage="{{ 7*7 }}{% raw %}", amount="1")


# --- filters


@pytest.mark.parametrize(
    ("value", "told"),
    [("1.50", "1,5"), ("10", "10"), ("0.00", "0"), (Decimal("1E+2"), "100"), ("0.125", "0,125")],
)
def test_numbers_have_a_comma_and_no_needless_zeros(value: Decimal | str, told: str) -> None:
    assert number(value) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0 мин"), (5, "5 мин"), (60, "1 ч"), (90, "1 ч 30 мин"), (1500, "25 ч")]
)
def test_minutes_are_told_as_hours_and_minutes(value: int, told: str) -> None:
    assert minutes(value) == told


@pytest.mark.parametrize(
    ("value", "told"), [("3750", "3_750,00_₽"), ("1234567.5", "1_234_567,50_₽"), ("0.05", "0,05_₽")]
)
def test_money_is_told_in_roubles(value: str, told: str) -> None:
    assert roubles(value).replace("\u00a0", "_") == told


def test_hours_are_told_with_their_unit() -> None:
    assert hours("1.5") == "1,5\u00a0нормо-ч"


@pytest.mark.parametrize(
    "value", ["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.123456+00:00", "2026-03-01T12:30:00+03:00"]
)
def test_moments_are_told_in_utc(value: str) -> None:
    assert moment(value) == "01.03.2026 09:30 UTC"


# --- a site's own templates


def write(directory: Path, name: str, text: str | bytes) -> Messages:
    (directory / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Messages(directory)


@pytest.mark.parametrize(("name", "fact"), [("done", "written_off"), ("ready", "write_off")])
def test_a_site_s_own_template_may_use_the_older_name_of_the_hours(
    tmp_path: Path, name: str, fact: str
) -> None:
    messages = write(tmp_path, f"{name}.txt.j2", "{{ taken|number }}")
    assert messages.render(name, make_ticket(), {fact: "1.5"}) == "1,5\n"


def test_a_site_s_own_template_replaces_one_and_the_others_stay(tmp_path: Path) -> None:
    messages = write(tmp_path, "done.txt.j2", "Готово: {{ ticket.number }}, {{ written_off|hours }}")
    assert messages.render("done", make_ticket(), {"written_off": "1"}) == "Готово: 101, 1\u00a0нормо-ч\n"
    assert messages.render("taken", make_ticket(), {**STAGE, "amount": "1"}).startswith(
        "Заявка № 101 взята в работу"
    )


def test_a_site_s_own_evidence_is_used_in_the_shipped_message(tmp_path: Path) -> None:
    messages = write(
        tmp_path, "evidence.txt.j2", "{% macro told(evidence) %}см. {{ evidence.url }}{% endmacro %}"
    )
    assert "\n\nсм. https://lms.example.ru/course/view.php?id=7\n\n" in messages.render(
        "ready", make_ticket(), {**STAGE, **ASKED, "evidence": COURSE, "write_off": "1"}
    )


@pytest.mark.parametrize("name", ["done.txt.j2", "evidence.txt.j2"])
@pytest.mark.parametrize(
    "text",
    ["{{ written_off", "{% if %}", "{{ written_off|nosuchfilter }}", "Заявка".encode("cp1251")],
    ids=["open", "empty if", "filter", "cp1251"],
)
def test_a_broken_template_of_a_site_is_named_at_the_start(tmp_path: Path, name: str, text: Any) -> None:
    with pytest.raises(UserError, match=r"templates in .* have faults") as caught:
        write(tmp_path, name, text)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [name]


def test_all_broken_templates_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "held.txt.j2").write_text("{{", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        write(tmp_path, "done.txt.j2", "{{")
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["held.txt.j2", "done.txt.j2"]


@pytest.mark.parametrize(
    "text",
    [
        "{{ balance }}",
        "{{ written_off|minutes }}",
        "{{ ticket.number|hours }}x{{ 'a'|hours }}",
        "{{ written_off.__class__.__mro__ }}",
        "{{ 1|moment }}",
    ],
)
def test_a_template_that_asks_for_what_is_not_there_is_named(tmp_path: Path, text: str) -> None:
    messages = write(tmp_path, "done.txt.j2", text)
    with pytest.raises(UserError, match=r"template done\.txt\.j2 cannot be rendered"):
        messages.render("done", make_ticket(), {"written_off": "1"})


def test_work_that_is_taken_back_is_told_without_the_operator_s_reason() -> None:
    assert told("undone", **STAGE) == (
        "Сделанное по этапу «Новая роль» заявки № 101 отозвано специалистом: принимать этот "
        "этап пока не нужно.\n\n"
        "Нормо-часы не списаны, зарезервированные возвращены на баланс. Когда этап будет "
        "выполнен заново, Вы получите сообщение.\n"
    )


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        (
            "order",
            {
                "source": "файл",
                "problems": [
                    f"параметр{number}: такого параметра у этой услуги нет" for number in range(5000)
                ],
            },
        ),
        ("order", {"source": "файл", "problems": ["x" * 100_000]}),
        (
            "ready",
            {
                **STAGE,
                **ASKED,
                "write_off": "1",
                "evidence": {**ROLE, "capabilities": [{"name": "moodle/x:y", "permission": "allow"}] * 3000},
            },
        ),
        ("corrected", {**STAGE, "reason": "строка\n" * 20_000, "was": "1", "amount": "2", "left": "3"}),
    ],
)
def test_a_message_of_any_length_is_cut_in_its_middle_and_says_how_much_was_left_out(
    message: str, facts: Any
) -> None:
    text = told(message, **facts)
    assert len(text) <= LONGEST
    (left_out,) = re.findall(
        r"^… пропущено знаков: (\d+); полностью это есть у специалиста …$", text, re.MULTILINE
    )
    assert int(left_out) > 10_000
    assert "№ 101" in text.splitlines()[0] or "№ 101" in text.splitlines()[2]
    assert {
        "order": "Нормо-часы не списаны.",
        "ready": "После приёмки будет списано",
        "corrected": "Остаток на балансе",
    }[message] in text


def test_what_is_left_out_is_counted_to_the_character() -> None:
    long = "".join(f"строка {number}\n" for number in range(2000))
    cut = bounded(long)
    (left_out,) = re.findall(r"\n… пропущено знаков: (\d+); [^\n]+\n", cut)
    word = re.search(r"\n… пропущено[^\n]+\n", cut)
    assert word is not None
    assert len(cut) - len(word[0]) + int(left_out) == len(long)
    assert bounded("x" * LONGEST) == "x" * LONGEST


def test_a_template_of_a_site_under_an_older_name_is_a_fault_that_names_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "held.txt.j2").write_text("Своя", encoding="utf-8")
    with pytest.raises(UserError) as error:
        Messages(tmp_path)
    assert error.value.problems == ("held.txt.j2: is called suspended.txt.j2 now; rename it",)
    (tmp_path / "held.txt.j2").rename(tmp_path / "suspended.txt.j2")
    assert Messages(tmp_path).render("suspended:2", make_ticket(), {}) == "Своя\n"
