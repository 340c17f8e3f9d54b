"""Who signed a request; coinport's API tokens, and the profile that lists them. The broker's keys: `keys`."""

from dataclasses import dataclass, field

from chalicelib import clock
from chalicelib.core import identity as rules
from chalicelib.core.api_keys import ApiKey, Reach, permitted
from chalicelib.core.identity import ApiToken, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.login import usable
from chalicelib.services.identity.names import mobile_of, person
from chalicelib.stores import api_keys, users, vault
from chalicelib.stores.users import Amendment


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key it is, and the secret that its requests are signed with."""

    key: ApiKey
    secret: str = field(repr=False)

    @property
    def uid(self) -> str:
        """Whose requests it signs."""
        return self.key.uid


def signer(token: str) -> Signer | None:
    """Who signs with `token`, or None. What it says of itself is not believed before `signed_by` is asked."""
    key = api_keys.get(token)
    return Signer(key, vault.unseal(key.sealed, key.uid)) if key else None


def signed_by(signed: Signer, ip: str, asked: Reach) -> User:
    """The person behind a signature that was right, of a request from `ip` that asks so much of a key.

    Every dialect in which keys sign asks here, so that a key's type, list of addresses and switch hold in all of them.
    Raises `Refused` (UNAUTHENTICATED, ACCOUNT_UNUSABLE, API_KEY_FORBIDDEN).
    """
    user = users.get(signed.uid)
    if user is None:
        raise Refused(Reason.UNAUTHENTICATED)
    if not permitted(signed.key, ip, asked):
        raise Refused(Reason.API_KEY_FORBIDDEN)
    return usable(user)


def add_api_token(uid: str) -> ApiToken:
    """A new API token of a person, good at once. Raises `Refused` (TOO_MANY_API_TOKENS)."""
    made = ApiToken(token=clock.token_bytes(16).hex(), secret=clock.token_bytes(16).hex())
    sealed = vault.seal(made.secret, uid)
    try:
        api_keys.add(ApiKey(token=made.token, uid=uid, sealed=sealed, created=clock.now_ms()))
    except api_keys.TooMany:
        raise Refused(Reason.TOO_MANY_API_TOKENS) from None
    return made


def delete_api_token(uid: str, token: str) -> None:
    """Take one of a person's API tokens away, at once. Raises `Refused` (PARAMETER_INVALID) if there is none such."""
    if not api_keys.remove(uid, token):
        raise Refused(Reason.PARAMETER_INVALID, "token")


# --- profile --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """A person, the mobile number, and the API tokens, the oldest first, with their secrets."""

    user: User
    mobile: str
    api_tokens: list[ApiToken]


def profile(uid: str) -> Profile:
    """What a person may know of the account. Raises `Refused` (NO_SUCH_USER)."""
    user = person(uid)
    keys = api_keys.get_all(user.api_tokens)
    return Profile(
        user, mobile_of(user), [ApiToken(token=key.token, secret=vault.unseal(key.sealed, uid)) for key in keys]
    )


def oldest_token(user: User) -> str:
    """The name of a person's oldest API token, "" where there is none. No secret is opened for it."""
    return next((key.token for key in api_keys.get_all(user.api_tokens)), "")


def rename(uid: str, nickname: str) -> None:
    """Give a person a nickname. Raises `Refused`."""
    name = rules.nickname(nickname)
    amend(uid, lambda _user: Amendment({"nickname": name}))
