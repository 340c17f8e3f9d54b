"""The ladder of failed logins and the windows of sends."""

import pytest

from chalicelib.core.identity import HOUR_MS, LOGIN_LOCK_MS, MINUTE_MS, Ladder, Window
from chalicelib.stores import attempts, aws
from chalicelib.stores.attempts import Admission, LadderRow, SendsRow

NOW = 1_800_000_000_000
WINDOWS = (Window(MINUTE_MS, 1), Window(HOUR_MS, 5))


def test_four_may_be_under_way_and_no_more(cloud):
    assert [attempts.take("k", NOW) for _ in range(5)] == [Admission.TAKEN] * 4 + [Admission.BUSY]


def test_what_was_wrong_counts_and_what_was_right_clears(cloud):
    for expected in (1, 2, 3):
        attempts.take("k", NOW)
        assert attempts.fail("k", NOW) == expected
    assert attempts.failures("k", NOW) == 3
    attempts.take("k", NOW)
    attempts.clear("k")
    assert attempts.failures("k", NOW) == 0
    assert attempts.take("k", NOW) is Admission.TAKEN


def test_a_failure_is_counted_though_a_success_cleared_the_row_meanwhile(cloud):
    attempts.take("k", NOW)
    attempts.take("k", NOW)
    attempts.clear("k")
    assert attempts.fail("k", NOW) == 1
    assert [attempts.take("k", NOW) for _ in range(4)] == [Admission.TAKEN] * 3 + [Admission.BUSY]


def test_the_lock_lasts_from_the_last_failure(cloud):
    for _ in range(4):
        attempts.take("k", NOW)
    for number in range(4):
        attempts.fail("k", NOW + number)
    last = NOW + 3
    assert attempts.take("k", last + LOGIN_LOCK_MS - 1) is Admission.LOCKED
    assert attempts.failures("k", last + LOGIN_LOCK_MS - 1) == 4
    assert attempts.failures("k", last + LOGIN_LOCK_MS) == 0
    assert attempts.take("k", last + LOGIN_LOCK_MS) is Admission.TAKEN
    assert attempts.fail("k", last + LOGIN_LOCK_MS) == 1


def test_a_longer_memory_than_the_freeze_lets_one_guess_at_a_time_through(cloud):
    ladder = Ladder(2, memory_ms=24 * HOUR_MS, freeze_ms=2 * HOUR_MS)
    for expected in (1, 2):
        attempts.take("k", NOW, ladder)
        assert attempts.fail("k", NOW, ladder) == expected
    thaw = NOW + 2 * HOUR_MS
    assert attempts.take("k", thaw - 1, ladder) is Admission.LOCKED
    assert [attempts.take("k", thaw, ladder) for _ in range(2)] == [Admission.TAKEN, Admission.BUSY]
    assert attempts.fail("k", thaw, ladder) == 3
    assert attempts.take("k", thaw + 2 * HOUR_MS - 1, ladder) is Admission.LOCKED
    last = thaw + 2 * HOUR_MS
    assert attempts.take("k", last, ladder) is Admission.TAKEN  # and its request dies
    assert attempts.take("k", last, ladder) is Admission.BUSY
    later = last + attempts.UNDER_WAY_MS_MAX + 1
    assert attempts.take("k", later, ladder) is Admission.TAKEN
    attempts.clear("k")
    assert [attempts.take("k", later, ladder) for _ in range(3)] == [Admission.TAKEN] * 2 + [Admission.BUSY]


def test_a_longer_memory_forgets_after_its_time(cloud):
    ladder = Ladder(2, memory_ms=24 * HOUR_MS, freeze_ms=2 * HOUR_MS)
    for _ in range(2):
        attempts.take("k", NOW, ladder)
        attempts.fail("k", NOW, ladder)
    assert attempts.failures("k", NOW + 24 * HOUR_MS - 1) == 2
    assert [attempts.take("k", NOW + 24 * HOUR_MS, ladder) for _ in range(3)] == [Admission.TAKEN] * 2 + [
        Admission.BUSY
    ]


def test_guesses_that_were_cut_off_are_given_back_but_not_the_failures(cloud):
    for _ in range(3):
        attempts.take("k", NOW)
        attempts.fail("k", NOW)
    attempts.take("k", NOW)  # and its request dies
    assert attempts.take("k", NOW) is Admission.BUSY
    later = NOW + attempts.UNDER_WAY_MS_MAX + 1
    assert [attempts.take("k", later) for _ in range(2)] == [Admission.TAKEN, Admission.BUSY]


def test_rows_may_vanish_by_themselves_after_their_time(cloud):
    attempts.take("ladder", NOW)
    attempts.spend({"sends": WINDOWS}, NOW)
    for model, key in ((LadderRow, "ladder"), (SendsRow, "sends")):
        raw = aws.client("dynamodb").get_item(TableName=model.Meta.table_name, Key={"key": {"S": key}})["Item"]
        assert int(raw["ttl"]["N"]) * 1000 > NOW + LOGIN_LOCK_MS


def test_a_send_counts_against_every_key_or_none(cloud):
    assert attempts.spend({"a": WINDOWS}, NOW)
    assert not attempts.spend({"a": WINDOWS, "b": WINDOWS}, NOW)
    assert attempts.spend({"b": WINDOWS}, NOW)


def test_others_at_the_same_moment_are_noticed(cloud, monkeypatch):
    """Somebody writes between our read and our write: ours is refused, and the second look sees it."""
    read, rivals = SendsRow.batch_get, [True]

    def interrupted(keys, **options):
        rows = list(read(keys, **options))
        if rivals:
            rivals.pop()
            assert attempts.spend({"a": WINDOWS}, NOW)
        return rows

    monkeypatch.setattr(SendsRow, "batch_get", interrupted)
    assert not attempts.spend({"a": WINDOWS}, NOW)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_spend_reads_back_what_it_wrote(cloud, count):
    for number in range(count):
        assert attempts.spend({"a": WINDOWS}, NOW + number * MINUTE_MS)
    rows = [[int(time) for time in row.times] for row in SendsRow.scan()]
    assert rows == ([[NOW + number * MINUTE_MS for number in range(count)]] if count else [])
