"""Settings: each fault names its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from otbridge_extract.errors import SettingsError
from otbridge_extract.settings import parse, read

SITE = {"name": "c1000", "wwwroot": "https://a.example.ru", "spool": "/spool", "state": "/state"}
GOOD: dict[str, Any] = {"site": SITE, "backups": {"git": "/srv/c1000"}}


def test_what_is_left_out_has_a_default() -> None:
    made = parse(GOOD)
    assert (made.site.name, made.backups.git) == ("c1000", Path("/srv/c1000"))
    assert made.limits.free_mb > 0
    assert "mdl_logstore_standard_log" in made.without_rows()
    assert "mdl_logstore_standard_log" not in parse({**GOOD, "limits": {"logs": True}}).without_rows()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sites": {}}, "[sites] is unknown"),
        ({"site": {**SITE, "nam": "x"}}, "[site] nam is unknown"),
        ({"site": {"name": "c1000"}}, "[site] wwwroot is missing"),
        ({"site": {**SITE, "name": "C-1"}}, "[site] name must be"),
        ({"site": {**SITE, "wwwroot": "https://a.example.ru/"}}, "[site] wwwroot must be"),
        ({"site": {**SITE, "wwwroot": "https://a'.phpinfo().'"}}, "[site] wwwroot must be"),
        ({"site": {**SITE, "spool": "spool"}}, "[site] spool must be an absolute path"),
        ({"backups": {}}, "[backups] needs git or rotate"),
        ({"backups": {"rotate": "/r"}}, "[backups] code is missing"),
        ({"backups": {"git": "/g", "timezone": "Mars"}}, "[backups] timezone Mars is unknown"),
        ({"database": {"kind": "oracle"}}, "[database] kind must be"),
        ({"database": {"prefix": "a'b"}}, "[database] prefix must be"),
        ({"database": {"port": "3306"}}, "[database] port must be a whole number"),
        ({"limits": {"free_mb": -1}}, "[limits] free_mb must be a whole number, 0 or more"),
        ({"limits": {"free_mb": True}}, "[limits] free_mb must be a whole number"),
        ({"limits": {"load": "high"}}, "[limits] load must be a number"),
        ({"limits": {"logs": 1}}, "[limits] logs must be true or false"),
        ({"php": {"command": "php"}}, "[php] command must be a list of texts"),
        ({"site": "x"}, "[site] must be a table"),
    ],
)
def test_a_fault_names_its_place(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse({**GOOD, **changes}, "c1000.toml")
    assert str(caught.value).startswith(f"c1000.toml: {told}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[site")
    with pytest.raises(SettingsError, match=r"bad\.toml"):
        read(tmp_path / "bad.toml")
