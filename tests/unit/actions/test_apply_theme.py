"""apply-theme: orders, files, the site's policy, and the step."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Policy, TicketFile, validate
from bridge.actions.apply_theme import ACTION
from bridge.actions.apply_theme.params import ApplyThemeParams
from bridge.actions.apply_theme.policy import ApplyThemeRules
from bridge.actions.program import Use
from bridge.flow.messages import Messages
from tests.builders import make_ticket
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

ALL = Policy((ApplyThemeRules(settings=("*",)),))
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


class Files:
    """The files of a ticket."""

    def __init__(self, directory: Path, **contents: bytes) -> None:
        self._directory, self._contents = directory, contents

    def get(self, name: str) -> TicketFile:
        content = self._contents[name.replace(".", "_")]
        path = self._directory / name
        path.write_bytes(content)
        return TicketFile(name, hashlib.sha256(content).hexdigest(), len(content), path)


def step(
    directory: Path, contents: dict[str, bytes] | None = None, policy: Policy | None = None, **params: Any
) -> Any:
    context = make_context(FakeMoodle(), files=Files(directory, **(contents or {})), policy=policy or ALL)
    found = ACTION.plan(validate(ApplyThemeParams, params), context)
    (one,) = found.part.steps
    assert {value.sha256 for value in one.params.values() if isinstance(value, Use)} == {
        one.sha256 for one in found.part.files
    }
    return one.params


def refusal(directory: Path, contents: dict[str, bytes], **params: Any) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        step(directory, contents, **params)
    return caught.value


def test_texts_and_pictures_become_settings(tmp_path: Path) -> None:
    params = step(
        tmp_path, {"logo_png": PNG, "more_scss": "\ufeff.a {\r\n}".encode()}, theme="classic",
        brand_color="#AA3300", logo="logo.png", compact_logo="logo.png",
        scss_file="more.scss", dark_navbar="да",
    )  # fmt: skip
    logo = Use(hashlib.sha256(PNG).hexdigest())
    assert params == {
        "theme": "classic",
        "activate": True,
        "brandcolor": "#aa3300",
        "logo": logo,
        "logocompact": logo,
        "scss": ".a {\n}",
        "navbardark": "on",
    }


def test_a_preset_is_the_themes_own_or_a_file(tmp_path: Path) -> None:
    assert step(tmp_path, preset="plain")["preset"] == "plain.scss"
    params = step(tmp_path, {"brand_scss": b"$a: 1;"}, preset="brand.scss")
    assert (params["preset"], params["presetscss"]) == ("brand.scss", "$a: 1;")
    assert refusal(tmp_path, {}, preset="Бренд.scss").code == "preset-name"


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path: Path) -> None:
    found = refusal(tmp_path, {"logo_png": b"<svg/>"}, logo="logo.png")
    assert (found.code, found.facts["file"]) == ("picture-unusable", "logo.png")
    found = refusal(tmp_path, {"a_scss": "// цвет".encode("cp1251")}, scss_file="a.scss")
    assert (found.code, found.facts["why"]) == ("text-unusable", "это не текст в кодировке UTF-8")
    assert refusal(tmp_path, {"a_scss": b" " * 400_001}, scss_file="a.scss").code == "text-unusable"


def test_an_icon_may_be_an_ico(tmp_path: Path) -> None:
    assert "favicon" in step(tmp_path, {"f_ico": b"\x00\x00\x01\x00" + b"x" * 9}, favicon="f.ico")
    assert refusal(tmp_path, {"f_png": b"\x00\x00\x01\x00"}, favicon="f.png").code == "picture-unusable"


def test_the_policy_names_what_orders_may_set(tmp_path: Path) -> None:
    usual = Policy()
    assert step(tmp_path, {"l_png": PNG}, usual, brand_color="#123456", compact_logo="l.png", preset="plain")
    orders: list[tuple[dict[str, str], list[str]]] = [
        ({"scss": ".a {}", "scss_before": "$a: 1;"}, ["scss", "scsspre"]),
        ({"preset": "ours.scss"}, ["presetfiles"]),
    ]
    for order, beyond in orders:
        with pytest.raises(OrderRefused) as caught:
            step(tmp_path, {}, usual, brand_color="#123456", **order)
        assert (caught.value.code, caught.value.facts["settings"]) == ("theme-setting", beyond)
        assert caught.value.code in ACTION.words.operators


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "не заказано ни одной настройки"),
        ({"scss": ".a {}", "scss_file": "a.scss"}, "scss (текст) или scss_file (файл)"),
        ({"brand_color": "red"}, "brand_color: содержит недопустимые символы"),
        ({"theme": "../boost"}, "theme: содержит недопустимые символы"),
    ],
)
def test_a_fault_names_what_and_why(params: dict[str, Any], said: str) -> None:
    with pytest.raises(OrderInvalid) as caught:
        validate(ApplyThemeParams, params)
    assert said in str(caught.value)


def test_the_customer_reads_where_the_style_is_broken() -> None:
    facts = {"where": "scss", "line": 2, "text": "color: $nosuch;", "reason": "Undefined variable $nosuch"}
    told = Messages().render(
        "cannot",
        make_ticket(),
        {"action": "apply-theme", "code": "scssinvalid", "stage": "Вид", "faults": [{"facts": facts}]},
    )
    assert "Где: SCSS, строка 2: color: $nosuch;\nПричина: Undefined variable $nosuch\n" in told
