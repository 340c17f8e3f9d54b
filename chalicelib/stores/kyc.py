"""Real names under review: key the uid, and ``id:<HMAC of the number>`` for whose a document is. What a claim says is sealed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from chalicelib import settings
from chalicelib.core.kyc import Claim, Location, Paper, Record, Status
from chalicelib.stores import vault
from chalicelib.stores.table import Integer, Step, Table

TRIES_MAX = 5
WAITING = "waiting"


class Waiting(GlobalSecondaryIndex["KycRow"]):
    """Claims that wait for an operator, in their order. Sparse: reviewed ones are not in it."""

    class Meta:
        """Name and shape of the index."""

        index_name = "waiting"
        projection = KeysOnlyProjection()

    queue = UnicodeAttribute(hash_key=True)
    submitted = Integer(range_key=True)


class KycRow(Table):
    """One person's claim, the newest. `use` is the request that handed it in."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("kyc")

    key = UnicodeAttribute(hash_key=True)
    status = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)
    id_mac = UnicodeAttribute()
    submitted = Integer()
    reviewed = Integer(null=True)
    reason = UnicodeAttribute(null=True)
    use = UnicodeAttribute()
    queue = UnicodeAttribute(null=True)
    waiting = Waiting()


class DocumentRow(Table):
    """Whose a document is."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("kyc")

    key = UnicodeAttribute(hash_key=True)
    uid = UnicodeAttribute()


class InUse(Exception):  # noqa: N818 - says what is the case
    """The document is another person's."""


class Standing(Exception):  # noqa: N818 - says what is the case
    """The person has a claim under review, or an approved one."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A claim with its record."""

    record: Record
    claim: Claim


@dataclass(frozen=True, slots=True)
class Submission:
    """A claim on its way in. `use` is the request that brings it; `step` writes it and takes the document."""

    uid: str
    use: str
    mac: str
    step: Step


def submission(uid: str, claim: Claim, use: str, now: int) -> Submission:
    """A claim to hand in, sealed. It goes in when there is none yet or a refused one, and the document is nobody else's."""
    mac = _mac(claim)
    told = {field.name: getattr(claim, field.name) for field in fields(claim)}
    sealed = vault.seal(json.dumps(told, ensure_ascii=False), uid)
    row = KycRow(
        uid, status=Status.SUBMITTED.value, sealed=sealed, id_mac=mac, submitted=now, use=use, queue=WAITING
    )  # fmt: skip

    def step(transaction: TransactWrite) -> None:
        free = DocumentRow.key.does_not_exist() | (DocumentRow.uid == uid)
        transaction.save(DocumentRow(_document_key(mac), uid=uid), free)
        transaction.save(row, KycRow.key.does_not_exist() | (KycRow.status == Status.REFUSED.value))

    return Submission(uid, use, mac, step)


def submit(handed_in: Submission) -> None:
    """Hand a claim in by itself. Raises `InUse` or `Standing`."""
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=KycRow._get_connection().connection) as transaction:  # noqa: SLF001
                handed_in.step(transaction)
        except TransactWriteError:
            if is_in(handed_in):  # ours, and the answer was lost
                return
            check(handed_in)
            if not tries_left:
                raise
        else:
            return


def is_in(handed_in: Submission) -> bool:
    """Whether it is this claim that stands."""
    row = _row(handed_in.uid)
    return row is not None and row.use == handed_in.use


def check(handed_in: Submission) -> None:
    """Raise `InUse` or `Standing` if a claim cannot go in now."""
    standing = _row(handed_in.uid)
    if standing is not None and standing.status != Status.REFUSED:
        raise Standing
    if _holder(handed_in.mac) not in {None, handed_in.uid}:
        raise InUse


def review(uid: str, status: Status, reason: str, now: int) -> bool:
    """Approve or refuse the claim that waits; a refused one gives its document back. False if none waits."""
    assert status is not Status.SUBMITTED
    row = _row(uid)
    if row is None or row.status != Status.SUBMITTED:
        return False
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            with TransactWrite(connection=KycRow._get_connection().connection) as transaction:  # noqa: SLF001
                transaction.update(
                    KycRow(uid),
                    actions=[
                        KycRow.status.set(status.value),
                        KycRow.reviewed.set(now),
                        KycRow.reason.set(reason),
                        KycRow.queue.remove(),
                    ],
                    condition=(KycRow.status == Status.SUBMITTED.value) & (KycRow.use == row.use),
                )
                if status is Status.REFUSED:
                    document = DocumentRow(_document_key(row.id_mac))
                    transaction.delete(document, DocumentRow.key.does_not_exist() | (DocumentRow.uid == uid))
        except TransactWriteError:
            found = _row(uid)
            if found is None or found.use != row.use or found.status != Status.SUBMITTED:
                return found is not None and (found.status, found.reviewed, found.reason) == (status, now, reason)
            if not tries_left:
                raise
        else:
            return True
    raise AssertionError("the last try returns or raises")


def get(uid: str) -> Record | None:
    """What has become of a person's claim."""
    row = _row(uid)
    return _record(row) if row else None


def opened(uid: str) -> Opened | None:
    """The same with what the person claims."""
    row = _row(uid)
    return Opened(_record(row), _claim(row)) if row else None


def waiting(limit: int) -> Iterator[Opened]:
    """Claims that wait for review, the oldest first."""
    for found in KycRow.waiting.query(WAITING, limit=limit):
        row = _row(found.key)
        if row is not None and row.status == Status.SUBMITTED:  # the index may be a moment late
            yield Opened(_record(row), _claim(row))


def _record(row: KycRow) -> Record:
    return Record(row.key, Status(row.status), row.submitted, row.reviewed or 0, row.reason or "")


def _claim(row: KycRow) -> Claim:
    told = json.loads(vault.unseal(bytes(row.sealed), row.key))
    if isinstance(told, list):  # as claims were sealed when they were no more than a name and a document
        told = dict(zip(("real_name", "location", "paper", "number"), told, strict=True))
    return Claim(**told | {"location": Location(told["location"]), "paper": Paper(told["paper"])})


def _mac(claim: Claim) -> str:
    return vault.mac(f"document\n{claim.location}\n{claim.paper}\n{claim.number}".encode()).hex()


def _row(uid: str) -> KycRow | None:
    try:
        return KycRow.get(uid, consistent_read=True)
    except KycRow.DoesNotExist:
        return None


def _holder(mac: str) -> str | None:
    try:
        return DocumentRow.get(_document_key(mac), consistent_read=True).uid
    except DocumentRow.DoesNotExist:
        return None


def _document_key(mac: str) -> str:
    return f"id:{mac}"
