"""A person's funds as the coinport dialects ask for them, and show them where the two do not differ."""

from decimal import Decimal
from typing import Final

import msgspec

from chalicelib import settings
from chalicelib.api.edge import paging
from chalicelib.api.edge.json import Number
from chalicelib.api.edge.words import currency, number
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import addresses, wallet
from chalicelib.services.identity import Given, SentCode
from chalicelib.stores.transfers import Transfer

#: Coins whose withdrawals need one more field, by the document.
NEEDS: Final = {"NXT": "nxt_public_key", "BTSX": "memo"}


class TransfersQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which of one's deposits or withdrawals; `cursor` is a transfer's id, `ids` makes the rest void."""

    currency: str = ""
    cursor: str = ""
    limit: str = ""
    ids: str = ""


class WithdrawalBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be withdrawn, where it goes, and the factors that the person's settings ask for."""

    currency: str
    address: str
    amount: Number
    emailUuid: str = ""  # noqa: N815 - the document's names
    emailCode: str = ""  # noqa: N815
    phoneUuid: str = ""  # noqa: N815
    phoneCode: str = ""  # noqa: N815
    googleCode: str = ""  # noqa: N815
    nxt_public_key: str = ""
    memo: str = ""


class CancelBody(msgspec.Struct, forbid_unknown_fields=True):
    """A withdrawal to take back; the document misspells the name, and both ways will do."""

    tranfer_id: int | None = None
    transfer_id: int | None = None


def balances(uid: str) -> dict[str, list[Decimal]]:
    """``[available, frozen, pending, total]`` of every asset that the account has ever held."""
    return {
        asset: [number(units) for units in (funds.available, funds.frozen, funds.pending, funds.total)]
        for asset, funds in wallet.balances(uid).items()
    }


def deposit_addresses(uid: str) -> dict[str, str]:
    """The address to deposit each coin at; empty where none was asked for yet, or where there is none."""
    given = addresses.given(uid)
    return {asset.id: given.get(asset.id, "") for asset in settings.exchange().assets.values() if not asset.fiat}


def deposit_address(uid: str, name: str) -> dict[str, str]:
    """A person's address for a coin: always the same one. Empty for coins that this stage does not keep."""
    asset = currency(name)
    if settings.exchange().assets[asset].fiat:
        raise Refused(Reason.NO_SUCH_CURRENCY, name)
    return {asset: addresses.give(uid, asset)}


def page(query: TransfersQuery, newest: str = "") -> tuple[str | None, int | None, int, list[int] | None]:
    """Asset, cursor, limit and ids, as the wallet's lists take them; `newest` is a dialect's cursor for the newest page."""
    if ids := paging.ids(query.ids):
        return None, None, len(ids), ids
    return (
        currency(query.currency) if query.currency else None,
        paging.cursor(query.cursor, newest),
        paging.limit(query.limit, default=30, most=200),
        None,
    )


def submit(uid: str, body: WithdrawalBody) -> Transfer:
    """Ask for a withdrawal. What the coin or the person's settings need and did not come is `Refused`, by its name."""
    asset = currency(body.currency)
    memo = memo_of(asset, body.memo, body.nxt_public_key)
    given = Given(
        _sent(body.emailUuid, body.emailCode, "email"),
        _sent(body.phoneUuid, body.phoneCode, "phone"),
        body.googleCode or None,
    )
    return wallet.submit_withdrawal(uid, asset, Decimal(body.amount), body.address, given, memo)


def memo_of(asset: str, memo: str, nxt_public_key: str) -> str:
    """What goes with an address of a coin. Raises `Refused` (PARAMETER_MISSING) where the coin needs it and it did not come."""
    found = nxt_public_key if asset == "NXT" else memo
    if asset in NEEDS and not found:
        raise Refused(Reason.PARAMETER_MISSING, NEEDS[asset])
    return found


def named(body: CancelBody) -> int:
    """The withdrawal that is to be taken back, in either spelling of its name, or in both if they agree."""
    numbers = {number for number in (body.tranfer_id, body.transfer_id) if number is not None}
    if not numbers:
        raise Refused(Reason.PARAMETER_MISSING, "tranfer_id")
    if len(numbers) > 1:
        raise Refused(Reason.PARAMETER_INVALID, "transfer_id")
    return numbers.pop()


def _sent(code_id: str, code: str, channel: str) -> SentCode | None:
    """A code with the id it was sent under, both or neither. One alone is `Refused`, naming the other."""
    if not code_id and not code:
        return None
    if not code_id or not code:
        raise Refused(Reason.PARAMETER_MISSING, f"{channel}{'Code' if code_id else 'Uuid'}")
    return SentCode(code_id, code)
