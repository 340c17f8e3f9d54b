"""Old entries move to S3 and leave the table; archive and journal together still are the whole truth."""

import gzip

import pytest

from chalicelib import settings
from chalicelib.services import matching, operations
from chalicelib.services.matching import archiving, batch, checkpoints
from chalicelib.stores import aws, heads, journal, journal_archive
from tests.faults.injection import FAULTS, Faults, injected
from tests.services import world

MARKET = "BTC-CNY"


@pytest.fixture(autouse=True)
def _small_chunks(cloud, monkeypatch):
    world.forget()
    monkeypatch.setattr(journal_archive, "CHUNK_ENTRIES", 3)
    monkeypatch.setattr(archiving, "CHUNK_ENTRIES", 3)
    monkeypatch.setattr(checkpoints, "ENTRIES_MIN", 1)
    yield
    world.forget()


def trade(rounds):
    ann = world.person("1000000001", CNY="100000")
    bob = world.person("1000000002", BTC="1000")
    for number in range(rounds):
        world.place(bob, MARKET, "sell", 2 + number % 2, 5)
        world.pump(MARKET)
        world.place(ann, MARKET, "buy", 2, 3)
        world.pump(MARKET)


def expire():
    """What DynamoDB does some time after an entry's time has come."""
    gone = 0
    for row in journal.JournalRow.scan():
        if row.expires is not None:
            row.delete()
            gone += 1
    return gone


def objects():
    listed = aws.client("s3").list_objects_v2(Bucket=settings.BUCKET, Prefix="journal/").get("Contents", [])
    return {
        one["Key"]: aws.client("s3").get_object(Bucket=settings.BUCKET, Key=one["Key"])["Body"].read() for one in listed
    }


def test_whole_chunks_below_the_checkpoint_are_archived_and_expire():
    trade(5)
    assert matching.archive() == {}  # nothing is below a checkpoint yet
    assert matching.checkpoint([MARKET]) == {MARKET: 9}
    before = list(journal.since(MARKET, 0))
    assert matching.archive() == {MARKET: 9}
    assert matching.archive() == {}
    assert expire() == 9
    assert [entry.seq for entry in journal.since(MARKET, 0)] == [10]
    assert list(matching.history(MARKET)) == before
    assert len(objects()) == 6


def test_the_market_goes_on_from_checkpoint_and_journal_alone():
    trade(5)
    matching.checkpoint([MARKET])
    matching.archive()
    expire()
    world.forget()
    trade(2)
    assert world.violations() == []
    report = operations.run({"verb": "replay", "market": "btc-cny"})
    assert (report["entries"], report["differences"]) == (14, [])
    batch.forget()


def test_replay_tells_an_order_that_is_not_what_the_journal_gives():
    trade(2)
    from chalicelib.stores import orders

    (row, *_) = [row for row in orders.OrderRow.scan() if row.status in {"open", "partial"}]
    row.update([orders.OrderRow.filled.set(row.filled + 1)])
    assert len(matching.replay(MARKET)["differences"]) == 1


def test_replay_tells_a_checkpoint_that_is_not_what_the_journal_gives():
    from chalicelib.stores import archive

    trade(2)
    matching.checkpoint([MARKET])
    content = archive.get("book", MARKET, 3)
    archive.put("book", MARKET, 3, {**content, "orders": []})
    assert "checkpoint 3" in matching.replay(MARKET)["differences"][0]


@pytest.mark.parametrize("kind", ["jsonl.gz", "manifest.json"])
def test_a_changed_object_is_noticed(kind):
    trade(5)
    matching.checkpoint([MARKET])
    matching.archive()
    key = f"journal/{MARKET}/{4:016d}.{kind}"
    content = objects()[key]
    changed = (
        gzip.compress(gzip.decompress(content) + b" ")
        if kind == "jsonl.gz"
        else content.replace(b'"last": 6', b'"last": 7')
    )
    aws.client("s3").put_object(Bucket=settings.BUCKET, Key=key, Body=changed)
    with pytest.raises(journal_archive.Damaged):
        list(matching.history(MARKET))


def test_whatever_call_fails_a_later_run_makes_the_same_archive(monkeypatch):
    trade(4)
    matching.checkpoint([MARKET])
    with injected(monkeypatch, Faults()) as counted:
        matching.archive([MARKET])
    whole, head = objects(), heads.get(MARKET)
    for mode in ("before", "after"):
        for number in range(len(counted.seen)):
            heads.HeadRow(MARKET).update([heads.HeadRow.archived.set(0), heads.HeadRow.archive_digest.set("")])
            for key in whole:
                aws.client("s3").delete_object(Bucket=settings.BUCKET, Key=key)
            with injected(monkeypatch, Faults(number, FAULTS[mode])), pytest.raises(Exception, match="timeout"):
                matching.archive([MARKET])
            matching.archive([MARKET])
            assert objects() == whole
            assert heads.get(MARKET) == head
    assert world.violations() == []
