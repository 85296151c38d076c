"""Amounts in Russian words, as an акт states them: «двадцать одна тысяча один рубль 05 копеек». Pure.

Roubles are rounded half up to a kopeck, as accounting does; hours are told exactly, to a thousandth.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from bridge.domain.hours import exact, to_milli

Forms = tuple[str, str, str]
"""After 1, after 2 to 4, after 5 and more: рубль, рубля, рублей."""

ROUBLES: Forms = ("рубль", "рубля", "рублей")
KOPECKS: Forms = ("копейка", "копейки", "копеек")
HOURS: Forms = ("нормо-час", "нормо-часа", "нормо-часов")
DAYS: Forms = ("день", "дня", "дней")

_SMALL = [
    "ноль",
    "один",
    "два",
    "три",
    "четыре",
    "пять",
    "шесть",
    "семь",
    "восемь",
    "девять",
    "десять",
    "одиннадцать",
    "двенадцать",
    "тринадцать",
    "четырнадцать",
    "пятнадцать",
    "шестнадцать",
    "семнадцать",
    "восемнадцать",
    "девятнадцать",
]
_TENS = ["двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"]
_HUNDREDS = [
    "сто",
    "двести",
    "триста",
    "четыреста",
    "пятьсот",
    "шестьсот",
    "семьсот",
    "восемьсот",
    "девятьсот",
]
_FEMININE = {1: "одна", 2: "две"}
_GROUPS: tuple[tuple[Forms, bool], ...] = (
    (("тысяча", "тысячи", "тысяч"), True),
    (("миллион", "миллиона", "миллионов"), False),
    (("миллиард", "миллиарда", "миллиардов"), False),
)
_WHOLES: Forms = ("целая", "целых", "целых")
_PARTS: tuple[Forms, ...] = (
    ("десятая", "десятых", "десятых"),
    ("сотая", "сотых", "сотых"),
    ("тысячная", "тысячных", "тысячных"),
)


def form(number: int, forms: Forms) -> str:
    """The form of a noun that a whole number asks for."""
    last = abs(number) % 100
    if 11 <= last <= 14:
        return forms[2]
    return forms[{1: 0, 2: 1, 3: 1, 4: 1}.get(last % 10, 2)]


def whole(number: int, *, feminine: bool = False) -> str:
    """A whole number in words.

    Raises:
        ValueError: it has more than twelve digits.
    """
    if abs(number) >= 10 ** (3 * (len(_GROUPS) + 1)):
        raise ValueError(f"{number} is too large for words")
    if number < 0:
        return f"минус {whole(-number, feminine=feminine)}"
    said: list[str] = []
    for place in range(len(_GROUPS), 0, -1):
        forms, is_feminine = _GROUPS[place - 1]
        if group := number // 1000**place % 1000:
            said += [*_below_thousand(group, feminine=is_feminine), form(group, forms)]
    said += _below_thousand(number % 1000, feminine=feminine)
    return " ".join(said) or _SMALL[0]


def _below_thousand(number: int, *, feminine: bool) -> list[str]:
    said = [_HUNDREDS[number // 100 - 1]] if number >= 100 else []
    rest = number % 100
    if rest >= 20:
        said.append(_TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        said.append(_FEMININE.get(rest, _SMALL[rest]) if feminine else _SMALL[rest])
    return said


def roubles(amount: Decimal | int | str) -> str:
    """«минус одна тысяча два рубля 50 копеек»: kopecks in figures, as акты have them."""
    kopecks = int((exact(amount) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    sign = "минус " if kopecks < 0 else ""
    rubles, rest = divmod(abs(kopecks), 100)
    return f"{sign}{whole(rubles)} {form(rubles, ROUBLES)} {rest:02} {form(rest, KOPECKS)}"


def hours(amount: Decimal | int | str) -> str:
    """«двадцать один нормо-час», «ноль целых двадцать пять сотых нормо-часа».

    Raises:
        InexactHours: `amount` is finer than a thousandth.
    """
    milli = to_milli(exact(amount))
    sign = "минус " if milli < 0 else ""
    wholes, rest = divmod(abs(milli), 1000)
    if not rest:
        return f"{sign}{whole(wholes)} {form(wholes, HOURS)}"
    places = 3
    while rest % 10 == 0:
        rest, places = rest // 10, places - 1
    parts = f"{whole(rest, feminine=True)} {form(rest, _PARTS[places - 1])}"
    return f"{sign}{whole(wholes, feminine=True)} {form(wholes, _WHOLES)} {parts} {HOURS[1]}"
