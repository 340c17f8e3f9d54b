"""Whether somebody without a session is a person: Geetest (version 4), where an operator has configured it."""

import hashlib
import hmac
import json
from typing import Final

from chalicelib import telemetry
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import captcha

#: What Geetest's widget gives; its server wants it back, with the first one signed.
FIELDS: Final = ("lot_number", "captcha_output", "pass_token", "gen_time")


def check(captcha_id: str, response: str) -> None:
    """Ask for the proof of a solved captcha, if one is configured: ``response`` is the widget's JSON.

    Raises `Refused` (CAPTCHA). While Geetest cannot be asked everybody passes, as its manual advises, with an alarm: the
    limits on sending hold all the same.
    """
    asked = captcha.configured()
    if asked is None:
        return
    refused = Refused(Reason.CAPTCHA, "captcha_response")
    try:
        given = json.loads(response)
    except ValueError:
        raise refused from None
    if (
        captcha_id != asked.id
        or not isinstance(given, dict)
        or not all(isinstance(given.get(name), str) for name in FIELDS)
    ):
        raise refused
    fields = {name: given[name] for name in FIELDS}
    fields["sign_token"] = hmac.digest(asked.key.encode(), fields["lot_number"].encode(), hashlib.sha256).hex()
    try:
        solved = captcha.validate(asked.id, fields)
    except captcha.Silent as error:
        telemetry.alarm("captcha_silent", error)
        return
    if not solved:
        raise refused


def configure(captcha_id: str, key: str) -> None:
    """Ask for this captcha from now on."""
    captcha.configure(captcha.Captcha(captcha_id, key))


def switch_off() -> None:
    """Ask for no captcha."""
    captcha.configure(None)
