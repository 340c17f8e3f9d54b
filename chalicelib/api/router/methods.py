"""What a method of this dialect is: its name on the wire, what it takes, who may call it, and its view."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from chalicelib.api.edge import json
from chalicelib.core.reasons import Reason, Refused

View = TypeVar("View", bound=Callable[..., object])


class NoArguments(msgspec.Struct, forbid_unknown_fields=True):
    """What a method takes that takes nothing."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method. One that is `changing` is not to be had by GET, which any link of another site can make a browser do."""

    name: str
    view: Callable[..., object]
    arguments: type[msgspec.Struct]
    authenticated: bool
    changing: bool


#: Name on the wire → method; filled by the modules that the blueprint loads.
METHODS: Final[dict[str, Method]] = {}


def method(
    arguments: type[msgspec.Struct] = NoArguments, *, authenticated: bool = False, changing: bool = False
) -> Callable[[View], View]:
    """Register a view of ``(request, arguments)``, or of ``(request, arguments, caller)``, under its own name."""

    def register(view: View) -> View:
        name = view.__name__
        assert name not in METHODS, name
        METHODS[name] = Method(name, view, arguments, authenticated, changing)
        return view

    return register


def heard(fields: dict[str, Any], model: type[msgspec.Struct]) -> msgspec.Struct:
    """A request's fields as a method's arguments, which are texts all of them; an empty one counts as not given.

    Raises `Refused`: PARAMETER_MISSING; PARAMETER_INVALID for a superfluous one (a slip in `amount` must not have a
    withdrawal take everything), or one that is neither text nor number.
    """
    texts = {name: _text(name, value) for name, value in fields.items()}
    return json.convert({name: text for name, text in texts.items() if text}, model)


def _text(name: str, value: object) -> str:
    """A value as text: JSON may bring amounts as numbers, as the document types them."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.encode("utf-8", "replace").decode() == value:
        return value
    raise Refused(Reason.PARAMETER_INVALID, name)
