"""The life cycle of transfers: whatever way through the table, money is moved once, and it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.transfers import (
    FINAL,
    MOVES,
    REFUNDED,
    Effect,
    From,
    Impossible,
    Kind,
    Rail,
    Status,
    credited_after,
    effect_of,
    holds,
)

#: (available, pending) of each effect.
CHANGES = {
    Effect.NONE: (0, 0),
    Effect.CREDIT: (1, 0),
    Effect.HOLD: (-1, 1),
    Effect.REFUND: (1, -1),
    Effect.PAY: (0, -1),
    Effect.BLOCK: (0, 0),
    Effect.UNBLOCK: (0, 0),
    Effect.TAKE: (-1, 0),
}
WAYS = [(kind, rail) for kind in Kind for rail in Rail]


def begin(kind, rail):
    return From(kind, rail, None)


def after(start, to):
    effect = effect_of(start, to)
    return From(start.kind, start.rail, to, credited_after(start, effect)), effect


@given(st.sampled_from(WAYS), st.data())
def test_on_any_way_the_account_has_what_the_state_says(way, data):
    stage, available, pending, blocked = begin(*way), 0, 0, 0
    for _ in range(12):
        moves = sorted(MOVES.get(stage, {}))
        if not moves:
            break
        stage, effect = after(stage, data.draw(st.sampled_from(moves)))
        available, pending = available + CHANGES[effect][0], pending + CHANGES[effect][1]
        blocked += {Effect.BLOCK: 1, Effect.UNBLOCK: -1, Effect.TAKE: -1}.get(effect, 0)
        if stage.kind is Kind.DEPOSIT:
            assert (available, pending) == (int(stage.credited), 0)
            assert stage.credited or stage.status is not Status.SUCCEEDED
            assert blocked == (stage.credited and stage.status is not Status.SUCCEEDED)
        else:
            assert pending == int(holds(stage.kind, stage.status))
            assert available == (0 if stage.status in REFUNDED else -1), "held, paid, or given back"
            assert blocked == 0


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_from_everywhere_there_is_a_way_to_an_end(way):
    reached, todo = set(), [begin(*way)]
    while todo:
        stage = todo.pop()
        if stage not in reached:
            reached.add(stage)
            todo += [after(stage, to)[0] for to in MOVES.get(stage, {})]

    def ends(stage, seen=frozenset()):
        return stage.status in FINAL or any(
            ends(nxt, seen | {stage}) for to in MOVES[stage] if (nxt := after(stage, to)[0]) not in seen
        )

    assert all(ends(stage) for stage in reached)
    assert {stage for stage in MOVES if (stage.kind, stage.rail) == way} <= reached, "no row that nothing leads to"


def test_the_ways_of_the_document():
    def walk(kind, rail, *statuses):
        stage, effects = begin(kind, rail), []
        for status in statuses:
            stage, effect = after(stage, Status(status))
            effects.append(effect)
        return effects

    none = Effect.NONE
    assert walk(Kind.DEPOSIT, Rail.CHAIN, 2, 3, 4) == [none, none, Effect.CREDIT]
    assert walk(Kind.DEPOSIT, Rail.CHAIN, 2, 6, 7, 3, 4) == [none, none, none, none, Effect.CREDIT]
    assert walk(Kind.DEPOSIT, Rail.CHAIN, 2, 6, 5) == [none] * 3
    assert walk(Kind.DEPOSIT, Rail.CHAIN, 4, 6, 5) == [Effect.CREDIT, Effect.BLOCK, Effect.TAKE]
    assert walk(Kind.DEPOSIT, Rail.CHAIN, 4, 6, 7, 4) == [Effect.CREDIT, Effect.BLOCK, none, Effect.UNBLOCK]
    assert walk(Kind.WITHDRAWAL, Rail.CHAIN, 0, 1, 2, 3, 4) == [Effect.HOLD, none, none, none, Effect.PAY]
    assert walk(Kind.WITHDRAWAL, Rail.OPERATOR, 0, 11, 4) == [Effect.HOLD, none, Effect.PAY]
    for rail in (Rail.CHAIN, Rail.OPERATOR):
        for end in (8, 9):
            assert walk(Kind.WITHDRAWAL, rail, 0, end) == [Effect.HOLD, Effect.REFUND]


def test_only_what_waits_can_be_cancelled_and_not_the_ramps():
    cancellable = {(stage.rail, stage.status) for stage, moves in MOVES.items() if Status.CANCELLED in moves}
    assert cancellable == {(Rail.CHAIN, Status.PENDING), (Rail.OPERATOR, Status.PENDING)}


@pytest.mark.parametrize(
    ("stage", "to"),
    [
        (From(Kind.WITHDRAWAL, Rail.CHAIN, Status.ACCEPTED), Status.CANCELLED),
        (From(Kind.WITHDRAWAL, Rail.CHAIN, Status.SUCCEEDED), Status.REJECTED),
        (From(Kind.WITHDRAWAL, Rail.CHAIN, Status.SUCCEEDED), Status.SUCCEEDED),
        (From(Kind.WITHDRAWAL, Rail.RAMP, Status.PENDING), Status.ACCEPTED),
        (From(Kind.DEPOSIT, Rail.CHAIN, Status.SUCCEEDED, credited=True), Status.SUCCEEDED),
        (From(Kind.DEPOSIT, Rail.CHAIN, Status.REORGANIZING, credited=True), Status.CONFIRMING),
        (From(Kind.DEPOSIT, Rail.RAMP, None), Status.CONFIRMING),
    ],
)
def test_what_is_not_in_the_table_cannot_happen(stage, to):
    with pytest.raises(Impossible):
        effect_of(stage, to)


def test_something_can_be_noted_of_what_is_under_way_and_of_nothing_else():
    for stage in MOVES:
        if stage.status in FINAL or stage.status is None:
            continue
        assert effect_of(stage, stage.status) is Effect.NONE
    with pytest.raises(Impossible):
        effect_of(From(Kind.WITHDRAWAL, Rail.CHAIN, Status.CANCELLED), Status.CANCELLED)


def test_the_codes_are_the_documents():
    assert [status.value for status in Status] == list(range(13))
