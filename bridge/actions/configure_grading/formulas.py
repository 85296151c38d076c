"""Formulas as people in Russia write them, made into Moodle's: `ЕСЛИ([[лек]]>=80; 0,4*[[экз]]; 0)`.

Pure. Moodle stores a formula as it comes, with commas between arguments and dots in numbers; with semicolons
or decimal commas it fails when grades are worked out (4.5.6).
"""

from __future__ import annotations

import re

FUNCTIONS = {
    "если": "if",
    "и": "and",
    "или": "or",
    "сумм": "sum",
    "сумма": "sum",
    "срзнач": "average",
    "макс": "max",
    "мин": "min",
    "округл": "round",
    "остат": "mod",
    "степень": "power",
}
"""Names of a Russian spreadsheet, and Moodle's."""
_WORD = re.compile(r"\[\[[^\[\]]*\]\]|[0-9]+(?:[.,][0-9]+)*|[^\W\d_]\w*|.", re.DOTALL)
_SIGNS = {";": ",", "×": "*", "·": "*", "−": "-", "–": "-", "÷": "/"}
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)+")


def formula(text: str) -> str:
    """The formula as Moodle stores it.

    Raises:
        ValueError: it can be read in two ways, or has a name that is no function; in the customer's words.
    """
    body = text.strip().removeprefix("=").strip()
    if not body:
        raise ValueError("формула пуста")
    plain = re.sub(r"\[\[[^\[\]]*\]\]", "", body)
    semicolons = ";" in plain
    depth, written = 0, []
    for word in _WORD.findall(body):
        depth += (word == "(") - (word == ")")
        if _NUMBER.fullmatch(word):
            written.append(_number(word, semicolons=semicolons, inside=depth > 0))
        elif word[0].isalpha() and not word.isascii():
            written.append(_function(word))
        else:
            written.append(_SIGNS.get(word, word))
    if depth:
        raise ValueError(f"«{text}»: скобки не закрыты")
    return f"={''.join(written)}"


def _number(word: str, *, semicolons: bool, inside: bool) -> str:
    parts = re.split("[.,]", word)
    if len(parts) > 2 or ("," in word and inside and not semicolons):
        if "," in word and (len(parts) == 2 or not semicolons):
            raise ValueError(
                f"«{word}»: непонятно, дробь это или два значения; разделяйте значения точкой с запятой: "
                f"max({'; '.join(parts)}), а дробь пишите с точкой: {parts[0]}.{parts[1]}"
            )
        raise ValueError(f"«{word}» – не число")
    return word.replace(",", ".")


def _function(word: str) -> str:
    name = FUNCTIONS.get(word.casefold())
    if name is None:
        known = ", ".join(sorted(one.upper() for one in FUNCTIONS))
        raise ValueError(
            f"«{word}»: такой функции нет (есть {known}); "
            "идентификационные номера пишите в [[двойных скобках]]"
        )
    return name
