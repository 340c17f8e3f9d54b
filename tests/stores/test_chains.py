"""How far chains are followed, and which coins payouts spend: moves that only one of several may make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.stores import chains
from chalicelib.stores.chains import Chain, Overtaken, Sighting


def block(number):
    """The hash of a block: as Bitcoin's, it begins with many zeros."""
    return "0" * 20 + f"{number:044x}"


@pytest.fixture
def chain(cloud):
    chains.begin("BTC", 10, block(10))
    return chains.get("BTC")


def test_a_chain_is_begun_once(chain):
    chains.begin("BTC", 99, block(99))
    assert (chains.get("BTC").height, chains.get("BTC").hash) == (10, block(10))
    assert chains.get("LTC") is None


def test_of_two_who_saw_the_same_cursor_one_moves_it(chain):
    moved = chains.advance(chain, block(11))
    assert chains.get("BTC") == moved
    with pytest.raises(Overtaken):
        chains.advance(chain, block(11))
    with pytest.raises(Overtaken):
        chains.rewind(chain, 9, block(9))


def test_of_two_who_claimed_blocks_only_the_last_writes_and_moves_on(chain):
    first = chains.claim(chain, block(11))
    assert chains.write([chains.still(first)])
    second = chains.claim(chain, block(12))
    assert not chains.write([chains.still(first)])
    with pytest.raises(Overtaken):
        chains.again(first)
    with pytest.raises(Overtaken):
        chains.advance(first, block(11))
    assert chains.write([chains.still(second)])
    assert chains.again(second) == second
    chains.advance(second, block(12))
    assert not chains.write([chains.still(second)])
    with pytest.raises(Overtaken):
        chains.claim(chain, block(11))


def test_the_trail_knows_how_the_newest_blocks_ended(chain, monkeypatch):
    monkeypatch.setattr(chains, "TRAIL_BLOCKS", 5)
    for number in range(11, 20):
        chain = chains.advance(chain, block(number))
    assert [chain.ended_with(number) for number in range(15, 20)] == [block(number)[-16:] for number in range(15, 20)]
    assert [chain.ended_with(number) for number in (0, 14, 20)] == [None, None, None]
    chain = chains.rewind(chain, 17, block(17))
    assert chain.ended_with(17) == block(17)[-16:]
    assert chain.ended_with(18) is None
    assert chain.ended_with(15) == block(15)[-16:]
    chain = chains.rewind(chain, 3, block(3))
    assert (chain.height, chain.ended_with(3), chain.ended_with(2)) == (3, block(3)[-16:], None)
    assert chains.get("BTC") == chain


@given(begun=st.integers(0, 10**6), forward=st.integers(0, 300), back=st.integers(0, 400))
def test_whatever_way_the_cursor_goes_the_trail_ends_with_it(begun, forward, back):
    chain = Chain("BTC", begun, block(begun), block(begun)[-16:], {}, 0)
    for number in range(forward):
        chain = chain.grown(block(begun + number + 1))
    height = max(chain.height - back, 0)
    chain = chain.cut(height, block(height))
    assert chain.ended_with(height) == block(height)[-16:]
    assert chain.ended_with(height + 1) is None
    known = [number for number in range(max(height - 200, 0), height + 1) if chain.ended_with(number) is not None]
    assert all(chain.ended_with(number) == block(number)[-16:] for number in known)
    assert len(known) <= chains.TRAIL_BLOCKS
    assert known == list(range(height - len(known) + 1, height + 1))


def test_coins_are_spoken_for_by_one_payout(chain):
    assert chains.write([chains.spend(chain, ["a:0", "b:1"], "tx", "withdrawal:1")])
    assert not chains.write([chains.spend(chain, ["c:0"], "other", "withdrawal:2")]), "it has not seen the first"
    now = chains.get("BTC")
    assert not chains.write([chains.spend(now, ["b:1"], "other", "withdrawal:2")]), "the coin is taken"
    assert chains.write([chains.spend(now, ["c:0"], "other", "withdrawal:2")])
    now = chains.get("BTC")
    assert now.open_payouts() == {"tx": "withdrawal:1", "other": "withdrawal:2"}
    assert chains.write(chains.release(now, "withdrawal:1"))
    assert chains.get("BTC").spending == {"c:0": ("other", "withdrawal:2")}
    assert chains.release(chains.get("BTC"), "withdrawal:1") == []
    assert not chains.write([chains.spend(chain, ["a:0"], "late", "withdrawal:3")]), "it looked before the others paid"


def test_the_cursor_and_the_payouts_do_not_disturb_each_other(chain):
    assert chains.write([chains.spend(chain, ["a:0"], "tx", "withdrawal:1")])
    chains.advance(chain, block(11))
    assert chains.get("BTC").spending == {"a:0": ("tx", "withdrawal:1")}
    assert chains.get("BTC").height == 11


def test_sightings_stand_in_the_order_of_blocks_until_they_are_forgotten(chain):
    seen = [Sighting("BTC", height, f"tx{height}", 0, f"deposit:{height}", block(height), 2) for height in (9, 100, 20)]
    assert chains.write([chains.see(one) for one in seen])
    assert [one.height for one in chains.sightings("BTC")] == [9, 20, 100]
    assert chains.write([chains.finish(seen[0]), chains.unsee(seen[1])])
    assert [(one.height, one.done) for one in chains.sightings("BTC")] == [(9, True), (20, False)]
    elsewhere = Sighting("BTC", 20, "tx20", 0, "deposit:20", block(21), 2)
    assert not chains.write([chains.finish(elsewhere)]), "it stands in another block by now"
    assert not chains.write([chains.unsee(elsewhere)])
    assert [one.height for one in chains.sightings("BTC")] == [9, 20]
    chains.forget(chains.sightings("BTC"))
    assert chains.sightings("BTC") == []
    assert chains.sightings("LTC") == []
