"""Files of succeeded transfers, for anyone: each transfer stands in exactly one, that of the hour in which it succeeded.

Numbers order transfers by when they were opened, but a withdrawal succeeds long after; so files go by the moment of success,
which is written down with it, once. An hour is closed when it is over for so long that nothing can be written into it any
more: whoever noted a moment in it has finished or died, and the index has caught up. What a closed hour holds does not
change, so whoever writes its files, and how often, writes the same bytes under the same names.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from chalicelib import clock, settings
from chalicelib.core.money import to_decimal
from chalicelib.core.orders import Page
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.reserves import public
from chalicelib.stores import transfer_files, transfers
from chalicelib.stores.transfer_files import TransferFile
from chalicelib.stores.transfers import Transfer

HOUR_MS = 3_600_000
#: How long after an hour its files are written. No function of ours lives longer than 15 minutes.
SETTLED_MS = 20 * 60_000
#: Transfers of one file: it bounds what is in memory at a time to some megabytes.
TRANSFERS_MAX = 10_000

_NAME = re.compile(r"transfer-([1-9][0-9]{0,15})\.json", re.ASCII)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def write() -> list[TransferFile]:
    """Write the files of all hours that have closed and are not in files yet. Gives back what was written."""
    horizon = clock.now_ms() - SETTLED_MS
    return [one for asset in settings.exchange().assets for one in _write(asset, horizon)]


def listed(asset: str, cursor: int | None, limit: int) -> Page[TransferFile]:
    """An asset's files with id < `cursor` (None: from the newest), newest first."""
    return transfer_files.listed(asset, cursor, limit)


def link(asset: str, name: str) -> str:
    """Where to fetch a file, for some minutes. Raises `Refused` for a name that is not listed."""
    found = _NAME.fullmatch(name)
    file = transfer_files.get(asset, int(found[1])) if found else None
    if file is None:
        raise Refused(Reason.NO_SUCH_URL)
    return transfer_files.link(file)


def _write(asset: str, horizon: int) -> Iterator[TransferFile]:
    """The files of an asset's hours that ended at `horizon` or before. Hours without a success cost nothing."""
    reach = transfer_files.reach(asset)
    while (first := next(transfers.successes(asset, reach, most=1), None)) is not None:
        begin = first.succeeded // HOUR_MS * HOUR_MS
        end = begin + HOUR_MS
        if end > horizon:
            return
        for number, part in enumerate(_parts(transfers.successes(asset, begin, end))):
            body = _body(asset, begin, end, part)
            file = TransferFile(asset, end + number, len(body), len(part))
            transfer_files.put(file, body)
            yield file
        transfer_files.note_reach(asset, end)
        reach = end


def _parts(found: Iterable[Transfer]) -> Iterator[list[Transfer]]:
    """Transfers as files hold them, in an order of their own: the index leaves that of one millisecond open."""
    part: list[Transfer] = []
    for one in _in_order(found):
        part.append(one)
        if len(part) == TRANSFERS_MAX:
            yield part
            part = []
    if part:
        yield part


def _in_order(found: Iterable[Transfer]) -> Iterator[Transfer]:
    same: list[Transfer] = []
    for one in found:
        if same and one.succeeded != same[0].succeeded:
            yield from sorted(same, key=lambda each: each.id)
            same = []
        same.append(one)
    yield from sorted(same, key=lambda each: each.id)


def _body(asset: str, begin: int, end: int, part: Iterable[Transfer]) -> bytes:
    """A file. Only what cannot change after a success is in it, so that it is the same whenever it is written."""
    rows = [
        {
            "id": str(one.number),
            "uid": one.uid,
            "kind": one.kind.value,
            "amount": to_decimal(one.amount),
            "fee": to_decimal(one.fee),
            "created": one.created,
            "succeeded": one.succeeded,
            "address": public(one).address,
            "txid": public(one).txid,
        }
        for one in part
    ]
    return _ENCODER.encode({"currency": asset, "from": begin, "until": end, "transfers": rows})
