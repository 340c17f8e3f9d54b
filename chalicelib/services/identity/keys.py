"""The broker dialect's API keys: of one type, with a tag, a switch and a list of addresses. They sign in every dialect
(`tokens.signed_by`) and may read, or read and trade; nothing else, so no withdrawal."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chalicelib import clock
from chalicelib.core import api_keys as rules
from chalicelib.core.api_keys import ApiKey, Reach
from chalicelib.core.identity import Purpose, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.names import person
from chalicelib.services.identity.second_factor import SecondFactor, check_second_factor
from chalicelib.stores import api_keys, vault
from chalicelib.stores.users import Amendment


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key, and its secret, which is shown this once."""

    key: ApiKey
    secret: str = field(repr=False)


def create_key(uid: str, reach: Reach, tag: str, given: SecondFactor) -> MadeKey:
    """A new key, good at once and from anywhere.

    Raises `Refused`: TOO_MANY_API_TOKENS (five of a type); what `check_second_factor` raises.
    """
    user = person(uid)
    _room(user, reach)
    shown = check_second_factor(user, Purpose.CREATE_API_KEY, given)
    secret = clock.token_bytes(rules.KEY_BYTES).hex()
    now = clock.now_ms()
    key = ApiKey(
        token=clock.token_bytes(rules.KEY_BYTES).hex(),
        uid=uid,
        sealed=vault.seal(secret, uid),
        created=now,
        reach=reach,
        # The time, so that ids grow, and a rest that tells apart two keys of one ms.
        number=f"{now}{clock.random_below(1000):03}",
        tag=tag,
    )

    def decide(user: User) -> Amendment:
        _room(user, reach)
        name = _SETS[reach]
        return shown.authorising(user, {name: {*getattr(user, name), key.token}}, [api_keys.adding(key)])

    amend(uid, decide, shown.spent)
    return MadeKey(key, secret)


def keys_of(uid: str) -> list[ApiKey]:
    """A person's keys, the oldest first, without their secrets."""
    return _listed(person(uid))


def restrict_key(uid: str, number: str, ips: tuple[str, ...], given: SecondFactor) -> None:
    """Have a key be good only from these addresses; from anywhere if there are none. Raises `Refused` (NO_SUCH_API_KEY, …)."""
    _change(uid, number, lambda key: replace(key, ips=ips), given)


def switch_key(uid: str, number: str, given: SecondFactor, *, on: bool) -> None:
    """Have a key be good, or not. Raises `Refused` (NO_SUCH_API_KEY, …)."""
    _change(uid, number, lambda key: replace(key, on=on), given)


def delete_key(uid: str, number: str, given: SecondFactor) -> None:
    """Take a key away, at once. One that is not there is gone already. Raises `Refused` for the factor."""
    shown = check_second_factor(person(uid), Purpose.DELETE_API_KEY, given)

    def decide(user: User) -> Amendment:
        key = rules.by_number(_listed(user), number)
        if key is None:
            return shown.authorising(user, {})
        name = _SETS[key.reach]
        left = getattr(user, name) - {key.token}
        return shown.authorising(user, {name: left or None}, [api_keys.removing(key)])

    amend(uid, decide, shown.spent)


def _change(uid: str, number: str, changed: Callable[[ApiKey], ApiKey], given: SecondFactor) -> None:
    user = person(uid)
    _one(user, number)
    shown = check_second_factor(user, Purpose.MODIFY_API_KEY, given)

    def decide(user: User) -> Amendment:
        return shown.authorising(user, {}, [api_keys.changing(changed(_one(user, number)))])

    amend(uid, decide, shown.spent)


def _one(user: User, number: str) -> ApiKey:
    key = rules.by_number(_listed(user), number)
    if key is None:
        raise Refused(Reason.NO_SUCH_API_KEY, "id")
    return key


def _listed(user: User) -> list[ApiKey]:
    return api_keys.get_all(user.reading_keys | user.trading_keys)


def _room(user: User, reach: Reach) -> None:
    if len(getattr(user, _SETS[reach])) >= rules.KEYS_MAX:
        raise Refused(Reason.TOO_MANY_API_TOKENS)


#: Where a person's row lists the keys of a type.
_SETS = {Reach.READ: "reading_keys", Reach.TRADE: "trading_keys"}
