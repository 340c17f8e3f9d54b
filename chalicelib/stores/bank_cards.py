"""Bank cards: key (uid, HMAC of the number); all that a card says is sealed for its person."""

import json

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib import settings
from chalicelib.core.bank_cards import BankCard
from chalicelib.stores import vault
from chalicelib.stores.table import Integer, Step, Table


class BankCardRow(Table):
    """One card of one person."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("bank_cards")

    uid = UnicodeAttribute(hash_key=True)
    mac = UnicodeAttribute(range_key=True)
    sealed = BinaryAttribute(legacy_encoding=False)
    created = Integer()


def mac_of(number: str) -> str:
    """What stands for a card's number."""
    return vault.mac(f"card\n{number}".encode()).hex()


def macs(uid: str) -> list[str]:
    """What stands for the numbers of a person's cards."""
    return [row.mac for row in BankCardRow.query(uid, consistent_read=True)]


def adding(uid: str, card: BankCard, created: int) -> Step:
    """Write a new card."""
    sealed = vault.seal(json.dumps([card.bank, card.owner, card.number, card.branch], ensure_ascii=False), uid)
    row = BankCardRow(uid, mac_of(card.number), sealed=sealed, created=created)
    return lambda transaction: transaction.save(row, BankCardRow.uid.does_not_exist())


def removing(uid: str, mac: str) -> Step:
    """Take a card away."""
    return lambda transaction: transaction.delete(BankCardRow(uid, mac), BankCardRow.uid.exists())


def get_all(uid: str) -> list[BankCard]:
    """A person's cards, opened, the oldest first."""
    rows = sorted(BankCardRow.query(uid, consistent_read=True), key=lambda row: (row.created, row.mac))
    return [BankCard(*json.loads(vault.unseal(bytes(row.sealed), uid))) for row in rows]
