"""Proof of liabilities: what is proved, and that nothing else passes."""

import json
import random
import re
import time
import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import reserves
from chalicelib.core.curves import P256, SECP256K1, recover, verify
from chalicelib.core.reserves import (
    PAD,
    TILE_LEAVES,
    Invalid,
    build,
    canonical,
    check,
    leaf,
    node,
    path,
    salt,
    statement,
)

AT = 1_800_000_000_000
SEED = bytes(range(32))
SECRET = 0x1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF1234567890ABCDEF
PUBLIC = P256.multiply(SECRET, P256.base)


def der(number):
    body = number.to_bytes(33, "big").lstrip(b"\0")
    body = b"\0" + body if body[0] & 0x80 else body
    return b"\x02" + bytes([len(body)]) + body


def sign(message):
    k = 0xABCDEF0123456789 << 100
    r = P256.multiply(k, P256.base)[0] % P256.n
    s = (int.from_bytes(sha256(message).digest(), "big") + r * SECRET) * pow(k, -1, P256.n) % P256.n
    body = der(r) + der(s)
    return b"\x30" + bytes([len(body)]) + body


def proof_of(balances, uid, **changes):
    tree = build("BTC", AT, balances, SEED)
    said = {**statement("BTC", AT, len(balances), tree.root, {"BTC-CNY": 7}, b"csv"), **changes}
    mine = leaf("BTC", AT, uid, balances[uid], salt(SEED, uid))
    index = list(tree.leaves).index(mine)
    first = index // TILE_LEAVES * TILE_LEAVES
    steps = path(len(balances), tree.leaves[first : first + TILE_LEAVES], tree.tiles, index)
    return {
        "public_key": (reserves._PUBLIC_KEY_HEAD + PUBLIC[0].to_bytes(32, "big") + PUBLIC[1].to_bytes(32, "big")).hex(),
        "signature": sign(canonical(said)).hex(),
        "statement": said,
        "leaf": {"uid": uid, "balance": str(balances[uid]), "salt": salt(SEED, uid).hex()},
        "index": index,
        "path": [{"hash": digest.hex(), "sum": str(total)} for digest, total in steps],
    }


def people(count):
    return {str(1_000_000_001 + number): number * 10**8 + 1 for number in range(count)}


def slow_root(leaves):
    """The definition, level by level."""
    level = list(leaves)
    while len(level) > 1:
        if len(level) % 2:
            level.append(PAD)
        level = [node(*level[at : at + 2]) for at in range(0, len(level), 2)]
    return level[0]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 255, 256, 257, 511, 513, 1025])
def test_tiles_make_the_tree_of_the_definition_and_every_path_leads_up(count):
    balances = people(count)
    tree = build("BTC", AT, balances, SEED)
    assert tree.root == slow_root(tree.leaves)
    assert tree.root[1] == sum(balances.values())
    for uid in list(balances)[:: max(1, count // 3)]:
        assert check(proof_of(balances, uid))["sum"] == str(sum(balances.values()))


def test_no_leaves_no_debt():
    assert build("BTC", AT, {}, SEED).root == PAD


def test_any_byte_changed_is_caught():
    proof = proof_of(people(5), "1000000003")
    text = json.dumps(proof, separators=(",", ":")).encode()
    assert check(json.loads(text))
    rng = random.Random(1)
    for place in range(len(text)):
        for change in {1 << rng.randrange(8), 0x20}:
            changed = text[:place] + bytes([text[place] ^ change]) + text[place + 1 :]
            with pytest.raises(ValueError):  # noqa: PT011 - Invalid, or no JSON, or no UTF-8 any more
                check(json.loads(changed))


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof["path"].pop(),
        lambda proof: proof["path"].append(proof["path"][0]),
        lambda proof: proof["path"].reverse(),
        lambda proof: proof.update(index=proof["index"] ^ 1),
        lambda proof: proof.update(index=5),
        lambda proof: proof.update(index=True),
        lambda proof: proof.update(index=-1),
        lambda proof: proof.update(more=1),
        lambda proof: proof["leaf"].update(balance="-1"),
        lambda proof: proof["leaf"].update(balance=str(2**96)),
        lambda proof: proof["path"][0].update(sum="-5"),
        lambda proof: proof["path"][0].update(sum="00"),
        lambda proof: proof["path"][0].update(hash="AB" * 32),
        lambda proof: proof["statement"].update(count=9),
        lambda proof: proof["statement"]["positions"].update({"LTC-CNY": 1}),
        lambda proof: proof.update(signature="30060201010201" + "01"),
        lambda proof: proof.update(path=None),
    ],
)
def test_what_is_put_together_otherwise_is_refused(change):
    proof = proof_of(people(5), "1000000003")
    change(proof)
    with pytest.raises(Invalid):
        check(proof)


@pytest.mark.parametrize("balance", [-1, 2**96])
def test_no_debt_can_hide_behind_a_balance_out_of_range(balance):
    with pytest.raises(Invalid):
        build("BTC", AT, {"1": 5, "2": balance}, SEED)


def test_a_sum_that_is_not_that_of_the_children_gives_another_root():
    balances = people(4)
    with pytest.raises(Invalid, match="root"):
        check(proof_of(balances, "1000000001", sum=str(sum(balances.values()) - 1)))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(min_size=1, max_size=12), st.integers(0, 10**18), min_size=1, max_size=20))
def test_whoever_holds_whatever(balances):
    for uid in list(balances)[:2]:
        assert check(json.loads(json.dumps(proof_of(balances, uid))))["count"] == len(balances)


def test_100_000_accounts_in_under_10_seconds_and_500_mb():
    balances = people(100_000)
    begun = time.process_time()
    build("BTC", AT, balances, SEED)
    assert time.process_time() - begun < 10
    tracemalloc.start()
    build("BTC", AT, people(10_000), SEED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak * 10 < 500 * 2**20


class TestCurves:
    def test_base_points_are_on_their_curves_and_have_their_order(self):
        for curve in (P256, SECP256K1):
            assert curve.has(curve.base)
            assert curve.multiply(curve.n, curve.base) is None
            assert curve.multiply(curve.n + 1, curve.base) == curve.base

    def test_a_known_signature(self):
        # RFC 6979, A.2.5: P-256, SHA-256, message "sample".
        public = (
            0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6,
            0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299,
        )
        r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
        s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
        digest = sha256(b"sample").digest()
        assert verify(P256, public, digest, r, s)
        assert not verify(P256, public, digest, r, s + 1)
        assert not verify(P256, public, sha256(b"other").digest(), r, s)
        assert not verify(P256, (public[0], public[1] + 1), digest, r, s)
        assert not verify(P256, public, digest, 0, s)
        assert public in [recover(P256, digest, r, s, which) for which in range(2)]
        assert recover(P256, digest, r, s, 2) is None or recover(P256, digest, r, s, 2) != public


class TestThePageAboutIt:
    """docs/open-data.md shows an example: it holds, step by step."""

    PAGE = (Path(__file__).parents[2] / "docs/open-data.md").read_text()

    def test_the_example_proves_what_it_says(self):
        proof = json.loads(re.search(r"```json\n(.*?)```", self.PAGE, re.DOTALL)[1])
        said = check(proof)
        csv = re.search(r"```\n(\"User Id\",Amount\n.*?)```", self.PAGE, re.DOTALL)[1]
        assert sha256(csv.encode()).hexdigest() == said["csv"]
        mine = proof["leaf"]
        here = leaf(said["asset"], said["at"], mine["uid"], int(mine["balance"]), bytes.fromhex(mine["salt"]))
        steps, index = [here[0].hex()], proof["index"]
        for step in proof["path"]:
            sibling = bytes.fromhex(step["hash"]), int(step["sum"])
            here = node(sibling, here) if index & 1 else node(here, sibling)
            steps.append(here[0].hex())
            index >>= 1
        assert re.findall(r"`([0-9a-f]{64})`", self.PAGE) == steps
