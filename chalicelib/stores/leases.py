"""Worker numbers: each container that makes order ids leases one of 4096, so that ids are unique without a counter."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition

from chalicelib import clock, settings
from chalicelib.core.ids import WORKERS_MAX, OrderIds
from chalicelib.stores.table import Integer, Table, refused

LEASE_MS = 600_000
#: A lease is renewed when less than this is left of it.
RENEW_MS = 300_000
#: A number is given to another container only this long after its lease ended: no clock is that wrong.
MARGIN_MS = 60_000
TRIES_MAX = 64


class LeaseRow(Table):
    """Who holds a worker number, until when (ms since epoch)."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("workers")

    worker = Integer(hash_key=True)
    owner = UnicodeAttribute()
    until = Integer()


class NoWorkerFree(Exception):  # noqa: N818 - says what is the case
    """All the worker numbers tried were taken: far more containers than planned for."""


class Lease:
    """The lease of a container. `ids` renews it by and by: one write in five minutes, none per order."""

    def __init__(self) -> None:
        self._owner = clock.token_bytes(16).hex()
        self._until = 0
        self._ids: OrderIds | None = None

    def ids(self) -> OrderIds:
        """The ids of this container, on a lease that is good for some minutes."""
        now = clock.now_ms()
        if self._ids is None or now >= self._until:
            # A container may wake after hours, its number long with another: it takes a new one.
            self._ids = OrderIds(self._take(now))
        elif now > self._until - RENEW_MS and not self._put(self._ids.worker, now, LeaseRow.owner == self._owner):
            self._ids = OrderIds(self._take(now))
        return self._ids

    def _take(self, now: int) -> int:
        for _ in range(TRIES_MAX):
            worker = clock.random_below(WORKERS_MAX)
            if self._put(worker, now, LeaseRow.worker.does_not_exist() | (LeaseRow.until < now - MARGIN_MS)):
                return worker
        raise NoWorkerFree

    def _put(self, worker: int, now: int, condition: Condition) -> bool:
        try:
            LeaseRow(worker, owner=self._owner, until=now + LEASE_MS).save(condition)
        except PutError as error:
            if not refused(error):
                raise
            try:
                standing = LeaseRow.get(worker, consistent_read=True)
            except LeaseRow.DoesNotExist:
                return False
            if standing.owner != self._owner:  # else our own put, repeated by botocore
                return False
        self._until = now + LEASE_MS
        return True


#: One lease a container.
LEASE = Lease()
