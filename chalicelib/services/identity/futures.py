"""Accounts for futures and contracts. A person can open them; that they are traded is no part of the documents."""

from typing import Literal

from chalicelib.core.identity import User
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.names import person
from chalicelib.stores.users import Amendment

Opened = Literal["open_future", "open_contract"]


def open_account(uid: str, which: Opened) -> None:
    """Open one of them for a person, who may have it already. Raises `Refused` (NO_SUCH_USER)."""
    if not getattr(person(uid), which):
        amend(uid, lambda _user: Amendment({which: True}))


def has_futures(user: User) -> bool:
    """Whether a person's account list has the entry: the document knows one account for futures and contracts."""
    return user.open_future or user.open_contract
