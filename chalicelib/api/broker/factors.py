"""Second factors as they come with a request: which one, the id of its code, the code."""

import msgspec

from chalicelib.api.broker import parameters, words
from chalicelib.services.identity import SecondFactor


class Factor(msgspec.Struct, kw_only=True):
    """The factor of a request. The authenticator's code has no id."""

    auth_type: str
    order_id: str = ""
    verify_code: str = ""


def given(body: Factor) -> SecondFactor:
    """The factor that came. Raises `Refused`: PARAMETER_INVALID (auth_type), CODE_MISSING."""
    channel = words.factor(body.auth_type)
    return SecondFactor(channel, parameters.sent("" if channel is None else body.order_id, body.verify_code))
