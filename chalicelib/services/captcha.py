"""Whether somebody without a session is a person: Geetest (version 4), where an operator has configured it."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Final

from chalicelib import telemetry
from chalicelib.core.reasons import Reason, Refused
from chalicelib.stores import captcha

#: What Geetest's widget gives, and what each looks like; its server wants it back, with the first one signed.
FIELDS: Final[Mapping[str, re.Pattern[str]]] = {
    "lot_number": re.compile(r"[0-9A-Fa-f]{32}"),
    "captcha_output": re.compile(r"[!-~]{1,2048}"),
    "pass_token": re.compile(r"[!-~]{1,2048}"),
    "gen_time": re.compile(r"[0-9]{10,13}"),  # seconds or ms
}


def check(captcha_id: str, response: str) -> None:
    """Ask for the proof of a solved captcha, if one is configured: ``response`` is the widget's JSON.

    Raises `Refused` (CAPTCHA), also for what Geetest cannot read. While Geetest cannot be asked everybody passes, as its
    manual advises, with an alarm: the limits on sending hold all the same.
    """
    asked = captcha.configured()
    if asked is None:
        return
    refused = Refused(Reason.CAPTCHA, "captcha_response")
    fields = _fields(response)
    if captcha_id != asked.id or fields is None:
        raise refused
    fields["sign_token"] = hmac.digest(asked.key.encode(), fields["lot_number"].encode(), hashlib.sha256).hex()
    try:
        solved = captcha.validate(asked.id, fields)
    except captcha.Silent as error:
        telemetry.alarm("captcha_silent", error)
        return
    except captcha.Unreadable as error:
        # Were this no verdict, whoever sends nonsense would pass. Operators hear of it, for it may be our own reading.
        telemetry.alarm("captcha_unreadable", error)
        raise refused from None
    if not solved:
        raise refused


def _fields(response: str) -> dict[str, str] | None:
    """What the widget gave, if it looks like that."""
    try:
        given = json.loads(response)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    fields = {name: value for name in FIELDS if isinstance(value := given.get(name), str)}
    fits = all(pattern.fullmatch(fields.get(name, "")) for name, pattern in FIELDS.items())
    return fields if fits else None


def configure(captcha_id: str, key: str) -> None:
    """Ask for this captcha from now on."""
    captcha.configure(captcha.Captcha(captcha_id, key))


def switch_off() -> None:
    """Ask for no captcha."""
    captcha.configure(None)
