"""Partners: key ``source:<name>``, and ``key:<API key>`` → the source. The secret is sealed for the partner.

Which API key is a partner's says the partner's row: another that leads there is dead. So a key is put in place, or taken
away, by one write.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.core.ramp import Receiver, Terms
from chalicelib.stores import vault
from chalicelib.stores.table import Integer, Table, TextMap, refused, updated


class PartnerRow(Table):
    """One partner. Rates in 1e-8, see `core.ramp.Terms`; `made_by`: the request that made the row."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("ramp_partners")

    key = UnicodeAttribute(hash_key=True)
    api_key = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)
    rate = Integer()
    fee = Integer()
    channel_fee = Integer()
    receiver = TextMap()
    created = Integer()
    made_by = UnicodeAttribute()


class KeyRow(Table):
    """Whose an API key is, or was."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("ramp_partners")

    key = UnicodeAttribute(hash_key=True)
    source = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner. `receiver`: our bank account that its customers pay into."""

    source: str
    api_key: str
    sealed: bytes = field(repr=False)
    terms: Terms
    receiver: Receiver
    created: int

    @property
    def secret(self) -> str:
        """What the partner signs with."""
        return vault.unseal(self.sealed, _owner(self.source))


def sealed_secret(source: str, secret: str) -> bytes:
    """A partner's secret as it is kept."""
    return vault.seal(secret, _owner(source))


def add(partner: Partner, use: str) -> bool:
    """Write a new partner; False if there is one of this name. `use` is the request's own name."""
    KeyRow(_key(partner.api_key), source=partner.source).save()
    row = PartnerRow(
        _source(partner.source),
        api_key=partner.api_key,
        sealed=partner.sealed,
        rate=partner.terms.rate,
        fee=partner.terms.fee,
        channel_fee=partner.terms.channel_fee,
        receiver=_of_receiver(partner.receiver),
        created=partner.created,
        made_by=use,
    )
    try:
        row.save(PartnerRow.key.does_not_exist())
    except PutError as error:
        standing = _row(partner.source)
        if standing is not None and standing.made_by == use:  # ours, and the answer was lost
            return True
        if not refused(error):
            raise
        return False
    return True


def set_terms(source: str, terms: Terms) -> bool:
    """Put new terms in place, for orders from now on; False if there is no such partner."""
    actions = [
        PartnerRow.rate.set(terms.rate),
        PartnerRow.fee.set(terms.fee),
        PartnerRow.channel_fee.set(terms.channel_fee),
    ]
    return _changed(source, actions)


def set_receiver(source: str, receiver: Receiver) -> bool:
    """Name the bank account that a partner's customers pay into; False if there is no such partner."""
    return _changed(source, [PartnerRow.receiver.set(_of_receiver(receiver))])


def set_key(source: str, api_key: str, sealed: bytes) -> bool:
    """Give a partner another API key; the one before is dead at once. False if there is no such partner."""
    KeyRow(_key(api_key), source=source).save()
    return _changed(source, [PartnerRow.api_key.set(api_key), PartnerRow.sealed.set(sealed)])


def get(source: str) -> Partner | None:
    """The partner of a name, read consistently."""
    row = _row(source)
    return _partner(source, row) if row else None


def by_key(api_key: str) -> Partner | None:
    """The partner whose API key this is now."""
    try:
        found = get(KeyRow.get(_key(api_key), consistent_read=True).source)
    except KeyRow.DoesNotExist:
        return None
    return found if found is not None and found.api_key == api_key else None


def every() -> Iterator[Partner]:
    """All partners: there are few."""
    prefix = _source("")
    for row in PartnerRow.scan(PartnerRow.key.startswith(prefix), consistent_read=True):
        yield _partner(row.key.removeprefix(prefix), row)


def _changed(source: str, actions: Sequence[Action]) -> bool:
    return updated(PartnerRow(_source(source)), actions, PartnerRow.key.exists())


def _row(source: str) -> PartnerRow | None:
    try:
        return PartnerRow.get(_source(source), consistent_read=True)
    except PartnerRow.DoesNotExist:
        return None


def _partner(source: str, row: PartnerRow) -> Partner:
    return Partner(
        source=source,
        api_key=row.api_key,
        sealed=bytes(row.sealed),
        terms=Terms(row.rate, row.fee, row.channel_fee),
        receiver=Receiver(**row.receiver),
        created=row.created,
    )


def _of_receiver(receiver: Receiver) -> dict[str, str]:
    return {name: getattr(receiver, name) for name in Receiver.__slots__}


def _source(source: str) -> str:
    return f"source:{source}"


def _key(api_key: str) -> str:
    return f"key:{api_key}"


def _owner(source: str) -> str:
    """Whom a secret is sealed for: no person's uid looks like this."""
    return f"ramp:{source}"
