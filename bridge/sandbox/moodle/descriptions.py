"""What goes into a web service function and what comes out: Moodle's external descriptions, and what Moodle
does with them.

`validate` is Moodle's `external_api::validate_parameters`, `clean` its `clean_returnvalue`; the WSDL comes
from the same descriptions. A PHP array is a `dict` here, in its order; a list stands for one with the keys 0,
1, 2, ….
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bridge.sandbox.moodle.problems import MoodleProblem, invalid_parameter, invalid_response

PHP_INT_MAX = 2**63 - 1


class Need(Enum):
    """Whether a key must be there: always, never, or never with a default in its place."""

    REQUIRED = 1
    OPTIONAL = 0
    DEFAULT = 2


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a PARAM_ type ("int", "bool", "text", "raw", …)."""

    type: str
    desc: str = ""
    need: Need = Need.REQUIRED
    default: Any = None
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Struct:
    """A structure of named keys."""

    keys: Mapping[str, Description]
    desc: str = ""
    need: Need = Need.REQUIRED
    default: Any = None


@dataclass(frozen=True, slots=True)
class Many:
    """A list of things of one kind."""

    content: Description
    desc: str = ""
    need: Need = Need.REQUIRED
    default: Any = field(default_factory=list)


Description = Value | Struct | Many


def default(type_: str, value: Any, desc: str = "") -> Value:
    """A value that has a default."""
    return Value(type_, desc, Need.DEFAULT, value)


def optional(type_: str, desc: str = "") -> Value:
    """A value that may be left out."""
    return Value(type_, desc, Need.OPTIONAL)


def validate(description: Description, given: Any) -> Any:
    """Check parameters as Moodle does; returns them with their defaults, typed.

    Raises:
        MoodleProblem: `invalidparameter`, the reason in `debuginfo`.
    """
    if isinstance(description, Value):
        if given is None and description.nullable:
            return None
        if isinstance(given, (dict, list)):
            raise invalid_parameter("Scalar type expected, array or object received.")
        return _scalar(description, given)
    items = _php_array(given)
    if isinstance(description, Many):
        return [validate(description.content, item) for item in items.values()]
    result = {}
    for key, inner in description.keys.items():
        if key not in items:
            if inner.need is Need.REQUIRED:
                raise invalid_parameter(f"Missing required key in single structure: {key}")
            if inner.need is Need.OPTIONAL:
                continue
        try:
            result[key] = validate(inner, items.get(key, inner.default))
        except MoodleProblem as problem:
            raise invalid_parameter(f"{key} => {problem.message}: {problem.debuginfo}") from None
    unexpected = [key for key in items if key not in description.keys]
    if unexpected:
        raise invalid_parameter(f"Unexpected keys ({', '.join(unexpected)}) detected in parameter array.")
    return result


def clean(description: Description, result: Any) -> Any:
    """Bring a function's result into its declared form: declared keys only, in their order, typed.

    Raises:
        MoodleProblem: `invalidresponse` when it does not fit.
    """
    if isinstance(description, Value):
        if result is None:
            return None
        try:
            return _scalar(description, result)
        except MoodleProblem as problem:
            raise invalid_response(str(problem.debuginfo)) from None
    if isinstance(description, Many):
        if not isinstance(result, (list, tuple)):
            raise invalid_response(f"Only arrays accepted. The bad value is: '{result}'")
        return [clean(description.content, item) for item in result]
    if not isinstance(result, Mapping):
        if not result:
            return []
        raise invalid_response(f"Only arrays/objects accepted. The bad value is: '{result}'")
    cleaned = {}
    for key, inner in description.keys.items():
        if key in result:
            cleaned[key] = clean(inner, result[key])
        elif inner.need is Need.REQUIRED:
            raise invalid_response(
                f"Error in response - Missing following required key in a single structure: {key}"
            )
        elif inner.need is Need.DEFAULT and isinstance(inner, Value):
            cleaned[key] = clean(inner, inner.default)
    return cleaned


def _php_array(given: Any) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    if isinstance(given, (list, tuple)):
        return {str(index): item for index, item in enumerate(given)}
    raise invalid_parameter(f"Only arrays accepted. The bad value is: '{'' if given is None else given}'")


def _scalar(description: Value, given: Any) -> Any:
    """`validate_param`: a value is good when cleaning it changes nothing."""
    if description.type == "bool" and (isinstance(given, bool) or given in {0, 1, "0", "1"}):
        return bool(int(given))
    if given is not None:
        if description.type == "float":
            number = _float(given)
            if number is not None:
                return number
        else:
            cleaned = CLEANERS.get(description.type, _raw)(given)
            if _php_string(cleaned) == _php_string(given):
                return cleaned
    raise invalid_parameter(
        f'Invalid external api parameter: the value is "{_php_string(given)}", the server was '
        f'expecting "{description.type}" type'
    )


def _php_string(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _float(value: Any) -> float | None:
    if isinstance(value, (bool, int, float)):
        return float(value)
    return (
        float(value) if re.fullmatch(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", str(value)) else None
    )


def clean_int(value: Any) -> int:
    """PHP's `(int)`: the number that a text begins with, else 0; too large becomes the largest."""
    found = re.match(r"\s*([+-]?\d+)", _php_string(value))
    return max(-PHP_INT_MAX - 1, min(PHP_INT_MAX, int(found[1]))) if found else 0


def is_utf8(text: str) -> bool:
    """Whether a text came as UTF-8; other bytes are lone surrogates."""
    return not _NO_UTF8.search(text)


_NO_UTF8 = re.compile("[\ud800-\udfff]")


def _utf8(value: Any) -> str:
    """`fix_utf8`: without NUL and what is no UTF-8."""
    return _NO_UTF8.sub("", _php_string(value).replace("\0", ""))


def _raw(value: Any) -> Any:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else _utf8(value)


def _text(value: Any) -> str:
    return re.sub(r"<(?!\s)[^>]*>?", "", _utf8(value))


def clean_bool(value: Any) -> int:
    """PARAM_BOOL: what is no word for no is yes."""
    text = _php_string(value).lower()
    return int(text not in {"off", "no", "false", "", "0"})


def _file(value: Any) -> str:
    name = re.sub(r"[\x00-\x1f\x7f&<>\"`|':\\/]", "", _utf8(value))
    return "" if name in {".", ".."} else re.sub(r"\.\.+", "", name)


def _path(value: Any) -> str:
    name = re.sub(r"[\x00-\x1f\x7f&<>\"`|':]", "", _utf8(value).replace("\\", "/"))
    parts = [part for part in name.split("/") if part not in {"", ".", ".."}]
    return (
        "/" * bool(name)
        if not parts
        else f"{'/' if name.startswith('/') else ''}{'/'.join(parts)}{'/' if name.endswith('/') else ''}"
    )


def _only(characters: str) -> Callable[[Any], str]:
    return lambda value: re.sub(f"[^{characters}]", "", _php_string(value))


CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "int": clean_int,
    "bool": clean_bool,
    "text": _text,
    "alpha": _only("a-zA-Z"),
    "alphanum": _only("a-zA-Z0-9"),
    "alphanumext": _only("a-zA-Z0-9_-"),
    "sequence": _only("0-9,"),
    "component": _only("a-z0-9_"),
    "area": _only("a-z0-9_"),
    "file": _file,
    "path": _path,
    "raw": _raw,
}
"""How Moodle cleans each type; types that are not here are not changed (they only occur in results)."""


def php_bracket_decode(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Form fields as PHP reads them: `a[0][b]=c`, `a[]=c`; the last of equal names wins.

    Source: PHP's `php_register_variable_ex`.
    """
    decoded: dict[str, Any] = {}
    for name, value in pairs:
        first, bracket, rest = name.partition("[")
        keys = [re.sub(r"[ .]", "_", first.lstrip(" "))]
        if bracket and first:
            keys += re.findall(r"\[?([^\]\[]*)\]", "[" + rest)
        if not keys[0]:
            continue
        into = decoded
        for key in keys[:-1]:
            inner = into.get(_next(into) if key == "" else key)
            if not isinstance(inner, dict):
                inner = {}
                into[_next(into) if key == "" else key] = inner
            into = inner
        into[_next(into) if keys[-1] == "" else keys[-1]] = value
    return decoded


def _next(array: Mapping[str, Any]) -> str:
    return str(max((int(key) for key in array if key.isdecimal()), default=-1) + 1)
