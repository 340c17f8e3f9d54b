"""The parameters of a call: the query of a GET, the form or JSON body of a POST. All are texts; JSON may write numbers."""

from collections.abc import Container
from typing import Any, TypeVar

import msgspec

from chalicelib.api.edge import json, parameters
from chalicelib.api.edge.request import Request
from chalicelib.core.identity import Channel, Email, email
from chalicelib.core.phones import Mobile, mobile
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity import SentCode

Model = TypeVar("Model", bound=msgspec.Struct)

TEXT_CHARACTERS_MAX = 2048


def read(request: Request, model: type[Model], *, untouched: Container[str] = ()) -> Model:
    """The parameters of a call as a `model` of text fields, without spaces around them but in those that are `untouched`.

    Raises `Refused` for one that is missing or no text.
    """
    given = request.query if request.method == "GET" else parameters.body(request)
    fields = {field.name for field in msgspec.structs.fields(model)}
    texts = {name: _text(name, value) for name, value in given.items() if name in fields and value is not None}
    return json.convert({name: text if name in untouched else text.strip() for name, text in texts.items()}, model)


def _text(name: str, value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int) or len(text := str(value)) > TEXT_CHARACTERS_MAX:
        raise Refused(Reason.PARAMETER_INVALID, name)
    return text


def address(text: str) -> Email:
    """An e-mail address. Raises `Refused`: PARAMETER_MISSING, EMAIL_FORMAT."""
    return email(given(text, "email"))


def number(national_code: str, text: str) -> Mobile:
    """A mobile number. Raises `Refused`: PARAMETER_MISSING, PHONE_FORMAT."""
    return mobile(given(national_code, "national_code"), given(text, "mobile"))


def given(text: str, name: str) -> str:
    """A parameter that may not be empty. Raises `Refused` (PARAMETER_MISSING)."""
    if not text:
        raise Refused(Reason.PARAMETER_MISSING, name)
    return text


def sent(order_id: str, code: str) -> SentCode:
    """A code as it comes back. Raises `Refused` (CODE_MISSING)."""
    if not code:
        raise Refused(Reason.CODE_MISSING, "verify_code")
    return SentCode(order_id, code)


def channel(receiver_type: str) -> Channel:
    """Where a code is to go: 1 to the mobile number, 2 to the e-mail address. Raises `Refused` (PARAMETER_INVALID)."""
    match receiver_type:
        case "1":
            return Channel.SMS
        case "2":
            return Channel.MAIL
        case _:
            raise Refused(Reason.PARAMETER_INVALID, "receiver_type")
