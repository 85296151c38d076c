"""Files of bytes as texts: what offices send, and what nobody can tell."""

from __future__ import annotations

import pytest

from bridge.domain.decoding import Decoded, NotText, decode

TEXT = "Логин;Имя\nivanov;Иван Ёлкин\n"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "utf-16"), ("cp1251", "windows-1251")],
)
def test_what_offices_send_is_read_and_its_encoding_told(encoding: str, told: str) -> None:
    assert decode(TEXT.encode(encoding)) == Decoded(TEXT, told)


@pytest.mark.parametrize(
    "text",
    [
        "ФАМИЛИЯ;ИМЯ\nИВАНОВ;ИВАН\nЩУКИНА;ЮЛИЯ",
        "login;name\nshch;Щ",
        "Ёж;Зверь",
        "№;Цех «5» – 1",
        "ЖУКОВА ЖАННА",
    ],
)
def test_capitals_rare_letters_and_short_texts_are_russian_too(text: str) -> None:
    assert decode(text.encode("cp1251")).text == text


def test_a_declared_encoding_is_believed_but_a_mark_goes_before_it() -> None:
    assert decode(TEXT.encode("koi8-r"), "koi8-r").text == TEXT
    assert decode(TEXT.encode("utf-8-sig"), "koi8-r").text == TEXT


@pytest.mark.parametrize("text", [TEXT, TEXT.upper(), "x;y\nПётр;Петров\nАнна;Щукина\n"])
@pytest.mark.parametrize("encoding", ["koi8-r", "cp866"])
def test_another_code_page_is_refused_so_that_nobodys_name_is_guessed(encoding: str, text: str) -> None:
    with pytest.raises(NotText) as caught:
        decode(("login;name\n" + text).encode(encoding))
    assert (caught.value.line, caught.value.encoding) == (3 if text[0] == "x" else 2, "")


@pytest.mark.parametrize("declared", ["nosuch", "ascii"])
def test_a_declaration_that_is_wrong_is_named(declared: str) -> None:
    with pytest.raises(NotText) as caught:
        decode(TEXT.encode(), declared)
    assert caught.value.encoding == declared
