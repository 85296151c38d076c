"""What one order may ask for at most, and each excess in the customer's words.

Source: seed, items 2.4, 2.5 and 4 (the numbers stand in the catalogue).
"""

from __future__ import annotations

from collections.abc import Mapping

NOUNS: Mapping[str, tuple[str, str, str]] = {
    "assignments": ("задание", "задания", "заданий"),
    "categories": ("категория", "категории", "категорий"),
    "certificates": ("сертификат", "сертификата", "сертификатов"),
    "characters": ("знак в описании", "знака в описании", "знаков в описании"),
    "course_logic": ("элемент «Логика курса»", "элемента «Логика курса»", "элементов «Логика курса»"),
    "courses": ("курс", "курса", "курсов"),
    "elements": ("элемент курса", "элемента курса", "элементов курса"),
    "empty_courses": ("пустой курс", "пустых курса", "пустых курсов"),
    "files": ("файл", "файла", "файлов"),
    "full_courses": ("наполненный курс", "наполненных курса", "наполненных курсов"),
    "glossaries": ("глоссарий", "глоссария", "глоссариев"),
    "glossary_terms": ("термин глоссария", "термина глоссария", "терминов глоссария"),
    "groups": ("группа", "группы", "групп"),
    "lesson_pages": ("страница лекций", "страницы лекций", "страниц лекций"),
    "lessons": ("лекция", "лекции", "лекций"),
    "media_files": ("аудио- или видеофайл", "аудио- или видеофайла", "аудио- или видеофайлов"),
    "notifications": ("уведомление", "уведомления", "уведомлений"),
    "notified_courses": ("курс с уведомлениями", "курса с уведомлениями", "курсов с уведомлениями"),
    "pages": ("страница", "страницы", "страниц"),
    "questions": ("вопрос", "вопроса", "вопросов"),
    "quizzes": ("тест", "теста", "тестов"),
    "reports": ("отчёт", "отчёта", "отчётов"),
    "restricted_elements": (
        "элемент с ограничением доступа",
        "элемента с ограничением доступа",
        "элементов с ограничением доступа",
    ),
    "roles": ("роль", "роли", "ролей"),
    "sections": ("секция", "секции", "секций"),
    "terms": ("термин", "термина", "терминов"),
    "test_users": ("тестовый пользователь", "тестовых пользователя", "тестовых пользователей"),
}
"""Every limit of the catalogue, as it is counted: one, two, five."""

EACH = frozenset({"characters"})
"""Limits of each thing, whatever the quantity."""


def excesses(
    counts: Mapping[str, int], limits: Mapping[str, int], service: str, quantity: int = 1
) -> list[str]:
    """Each limit that an order goes beyond: "7 заданий, услуга 2.4 допускает 6".

    Parameters:
        counts: what the order asks for, by the limits' names; what has no limit is free.
        quantity: how often the service is ordered; limits grow with it.
    """
    found = []
    for name, count in sorted(counts.items()):
        if name not in limits:
            continue
        most = limits[name] if name in EACH else limits[name] * quantity
        if count > most:
            found.append(f"{count} {counted(name, count)}, услуга {service} допускает {most}")
    return found


def counted(name: str, count: int) -> str:
    """The noun of a limit behind a number; a limit of a site's own catalogue goes by its name."""
    one, few, many = NOUNS.get(name, (name, name, name))
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else many
