"""JSON in and out without floats: numbers with a fraction are `Decimal` both ways, exactly as written."""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from chalicelib.core.reasons import Reason, Refused

Model = TypeVar("Model", bound=msgspec.Struct)

#: A JSON number in a request: whole ones arrive as int, others as Decimal. A string or a truth value is no number.
Number = Decimal | int

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_FIELD: Final = re.compile(
    r"Object (?P<what>missing required|contains unknown) field `(?P<field>.*?)`(?: - at `\$\.?(?P<where>[^`]*)`)?\Z",
    re.DOTALL,
)
_PATH: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`\Z")


def encode(value: object) -> str:
    """Plain values as JSON text. Decimals are written as numbers, digit for digit, and never pass through a float."""
    return _ENCODER.encode(value).decode()


def decode(body: bytes) -> dict[str, Any]:
    """The object that a request's body holds; an empty body is an empty object.

    Raises `Refused` (body) for all that is not one plain JSON object: invalid UTF-8, NaN and infinities, repeated
    names, half of a surrogate pair (which no store could keep), nesting or numbers made to exhaust us.
    """
    return _object(body, Decimal, int)


def texts(body: bytes) -> dict[str, str]:
    """The flat object that a request's body holds, each value as the text it is written as; null ones are left out.

    A number stays as its digits stand there, so that what was signed can be told: ``1.50`` is no ``1.5``. Raises `Refused`
    (body) as `decode` does, and naming it for a value that is no text and no number.
    """
    found = _object(body, str, str)
    for name, value in found.items():
        if value is not None and not isinstance(value, str):
            raise Refused(Reason.PARAMETER_INVALID, name)
    return {name: value for name, value in found.items() if value is not None}


def _object(body: bytes, fraction: Callable[[str], object], whole: Callable[[str], object]) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            parse_float=fraction,
            parse_int=whole,
            parse_constant=_no_constant,
            object_pairs_hook=_object_without_repeats,
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except (ValueError, InvalidOperation, RecursionError) as error:
        raise Refused(Reason.PARAMETER_INVALID, "body") from error
    if not isinstance(value, dict):
        raise Refused(Reason.PARAMETER_INVALID, "body")
    return value


def convert(value: object, model: type[Model]) -> Model:
    """`value` as a `model`, or `Refused` naming the offending field by its path: ``orders[2].price``."""
    try:
        return msgspec.convert(value, model, builtin_types=(Decimal,))
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error


def _refusal(message: str) -> Refused:
    """What msgspec objects to, as a reason and the path of a field."""
    if found := _FIELD.match(message):
        where = f"{found['where']}." if found["where"] else ""
        missing = found["what"] == "missing required"
        return Refused(Reason.PARAMETER_MISSING if missing else Reason.PARAMETER_INVALID, where + found["field"])
    at = _PATH.search(message)
    return Refused(Reason.PARAMETER_INVALID, (at and at["path"]) or "body")


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name is repeated")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
