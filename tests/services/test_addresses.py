"""Deposit addresses and the check of others', with bip_utils as the judge: it derives and writes them by code of its own."""

import json
import tomllib

import pytest
from bip_utils import (
    Bip32Slip10Secp256k1,
    P2PKHAddrEncoder,
    P2SHAddrEncoder,
    P2TRAddrEncoder,
    P2WPKHAddrEncoder,
    XrpAddrEncoder,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import settings as ours
from chalicelib.core.addresses import encoded, version
from chalicelib.core.markets import custodies
from chalicelib.services import addresses
from chalicelib.stores import addresses as store
from infra.package import ROOT
from tests.services.custody import ACCOUNT, SEED, kept

FAMILY = ("BTC", "LTC", "DOGE", "DRK", "BC", "VRC", "ZET")
NXT_KEY = "4eb53cf353efb667e103fe9bb332737ce52bf2a7816cb9240145078dde78e106"
#: The document's own addresses (coinport v2, deposit_addresses).
DOCUMENT = {
    "DRK": "Xdyx1saNYDovgjTuPUA7CerJw9uNTAA9ED",
    "VRC": "VDPX7rZN4SSXnsfXjnpdx7cJmsQZwHMirA",
    "ZET": "ZKAA177LfzFHAKpEXtMr2K55UGVgCwxtAR",
    "LTC": "LNpsrBnWhL7hmzyQgMsGhVJb87NzeE2kWn",
    "BTC": "147vEoThzNZSrrFi9r38s8pPapwzBr8VEF",
    "BC": "BJRHTqbqpp5767Sj7R7uhRU11CsfvmDZ3s",
    "DOGE": "DCXhmCU3tnNEh5kBEHoMkLfeU1Sw47R2XA",
    "NXT": "NXT-2Z5K-53Q4-WKWM-6X3TF",
}
people = st.integers(1, 2**31 - 1).map(lambda number: str(10**9 + number))
keys = st.binary(min_size=32, max_size=32).filter(any)
hashes = st.binary(min_size=20, max_size=20)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def everything(monkeypatch):
    """A stage that keeps all it can."""
    kept(
        monkeypatch,
        {name: {"account": ACCOUNT} for name in FAMILY}
        | {"XRP": {"account": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"}, "BTSX": {"account": "coinport"}}
        | {"NXT": {"account": NXT_KEY}},
    )


@quick
@given(uid=people, asset=st.sampled_from(FAMILY))
def test_a_persons_address_is_derived_as_bip_utils_derives_it(everything, uid, asset):
    public = (
        Bip32Slip10Secp256k1.FromSeed(SEED).DerivePath("m/44'/1'/0'").DerivePath(f"0/{int(uid) - 10**9}").PublicKey()
    )
    theirs = P2PKHAddrEncoder.EncodeKey(
        public.KeyObject(), net_ver=bytes([ours.exchange().assets[asset].networks["main"].p2pkh])
    )
    assert addresses.of_person(asset, uid) == theirs
    assert addresses.payable(asset, theirs)


@quick
@given(uids=st.lists(people, min_size=2, max_size=2, unique=True))
def test_no_two_people_share_an_address(everything, uids):
    one, other = (addresses.of_person("BTC", uid) for uid in uids)
    assert one != other


def test_others_deposit_to_a_common_account_with_their_uid(everything):
    assert addresses.of_person("XRP", "1000000007") == "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh//1000000007"
    assert addresses.of_person("BTSX", "1000000007") == "coinport//1000000007"
    assert addresses.of_person("NXT", "1000000007") == f"5108275052447562865//NXT-2Z5K-53Q4-WKWM-6X3TF//{NXT_KEY}"


@pytest.mark.parametrize("asset", ["BTC", "XRP", "NXT", "BTSX", "GOOC", "CNY"])
def test_what_a_stage_does_not_keep_has_no_address(asset):
    assert addresses.of_person(asset, "1000000007") == ""


@pytest.mark.parametrize(("asset", "address"), DOCUMENT.items())
def test_the_documents_addresses_can_be_paid(asset, address):
    assert addresses.payable(asset, address)
    assert not addresses.payable(asset, address[:-1] + ("D" if address[-1] != "D" else "F")), "a letter mistyped"


@quick
@given(hashed=hashes, asset=st.sampled_from(FAMILY), other=st.sampled_from(FAMILY))
def test_an_address_is_one_coins_alone_of_a_key_or_of_a_script(hashed, asset, other):
    network = ours.exchange().assets[asset].networks["main"]
    for first in (network.p2pkh, network.p2sh):
        address = encoded(first, hashed)
        assert addresses.payable(asset, address)
        assert addresses.payable(other, address) == (other == asset)


@quick
@given(key=keys)
def test_other_forms_as_bip_utils_writes_them(key):
    public = Bip32Slip10Secp256k1.FromSeed(key).PublicKey().KeyObject()
    script = P2SHAddrEncoder.EncodeKey(public, net_ver=b"\x05")
    segwit = P2WPKHAddrEncoder.EncodeKey(public, hrp="bc")
    taproot = P2TRAddrEncoder.EncodeKey(public, hrp="bc")
    for address in (script, segwit, taproot, segwit.upper()):
        assert addresses.payable("BTC", address)
        assert not addresses.payable("LTC", address)
    assert addresses.payable("LTC", P2WPKHAddrEncoder.EncodeKey(public, hrp="ltc"))
    assert not addresses.payable("DOGE", P2WPKHAddrEncoder.EncodeKey(public, hrp="doge"))
    ripple = XrpAddrEncoder.EncodeKey(public)
    assert addresses.payable("XRP", ripple)
    assert not addresses.payable("BTC", ripple)


@pytest.mark.parametrize(
    ("asset", "address"),
    [
        ("BTC", ""),
        ("BTC", "bc1"),
        ("BTC", "1"),
        ("BTC", "147vEoThzNZSrrFi9r38s8pPapwzBr8VEF "),
        ("BTC", "１47vEoThzNZSrrFi9r38s8pPapwzBr8VEF"),
        ("BTC", "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8"),  # the test network's
        ("BTC", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"),
        ("BTC", "bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),  # half in capitals
        ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh"),  # version 0 with the check of later ones
        ("BTC", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y"),  # 40 bytes
        ("BTC", "bc1sw50qgdz25j"),  # version 16: nobody could spend it but everybody
        ("BTC", "1" * 101),
        ("XRP", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi"),
        ("NXT", "5108275052447562865"),
        ("BTSX", ""),
        ("BTSX", "Coinport"),
        ("BTSX", "1coinport"),
        ("BTSX", "coinport-"),
        ("BTSX", "coinport..a"),
        ("BTSX", "a" * 64),
        ("CNY", ""),
        ("CNY", " "),
        ("CNY", "a\nb"),
    ],
)
def test_what_can_not_be_paid(asset, address):
    assert not addresses.payable(asset, address)


@pytest.mark.parametrize("address", ["coinport", "a", "coin-port.deposits", "c" * 63])
def test_names_of_bitshares_accounts(address):
    assert addresses.payable("BTSX", address)


def test_a_stage_on_another_network_takes_and_gives_its_addresses_alone(monkeypatch):
    kept(monkeypatch, {"BTC": {"network": "regtest", "account": ACCOUNT}})
    mine = addresses.of_person("BTC", "1000000007")
    assert version(mine) == 111
    assert addresses.payable("BTC", mine)
    assert addresses.payable("BTC", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
    assert not addresses.payable("BTC", DOCUMENT["BTC"])
    assert addresses.payable("LTC", DOCUMENT["LTC"]), "each coin has a network of its own"


class TestGiven:
    def test_an_address_is_given_once_and_its_owner_is_found(self, cloud, everything):
        address = addresses.give("1000000007", "BTC")
        assert address == addresses.of_person("BTC", "1000000007") == addresses.give("1000000007", "BTC")
        assert addresses.given("1000000007") == {"BTC": address}
        assert store.owners("BTC", [address, "elsewhere"]) == {address: "1000000007"}
        assert store.owners("LTC", [address]) == {}
        assert store.owners("BTC", []) == {}

    def test_an_address_stays_whatever_the_stages_key_becomes(self, cloud, everything, monkeypatch):
        address = addresses.give("1000000007", "BTC")
        other = Bip32Slip10Secp256k1.FromSeed(bytes(64)).DerivePath("m/44'/1'/0'").PublicKey().ToExtended()
        kept(monkeypatch, {"BTC": {"account": other}})
        assert addresses.of_person("BTC", "1000000007") != address
        assert addresses.give("1000000007", "BTC") == address

    def test_nothing_is_given_that_a_stage_does_not_keep(self, cloud):
        assert addresses.give("1000000007", "GOOC") == ""
        assert addresses.given("1000000007") == {}

    def test_hundreds_of_addresses_are_looked_up_at_once(self, cloud, everything):
        mine = [addresses.give(str(10**9 + number), "BTC") for number in range(1, 4)]
        asked = [encoded(0, number.to_bytes(20, "big")) for number in range(250)]
        assert set(store.owners("BTC", [*asked, *mine, *mine])) == set(mine)


class TestConfiguration:
    @pytest.mark.parametrize(
        "document",
        [
            {"EUR": {"account": ACCOUNT}},
            {"BTC": {"account": ACCOUNT, "network": "signet"}},
            {
                "BTC": {
                    "account": "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3T"
                }
            },
            {"BTC": {"network": "main"}},
            {"BTC": {"account": ACCOUNT, "secret": "x"}},
        ],
    )
    def test_a_malformed_stage_is_an_error_at_once(self, document):
        with pytest.raises((KeyError, TypeError, ValueError)):
            custodies(document, ours.exchange())

    def test_no_stage_holds_a_private_key(self):
        text = (ROOT / "infra/stages.toml").read_text()
        assert "prv" not in text
        for stage in tomllib.loads(text).values():
            custodies(stage["coins"], ours.exchange())

    def test_the_environment_says_what_a_stage_keeps(self, monkeypatch):
        monkeypatch.setenv("CUSTODY", json.dumps({"BTC": {"network": "regtest", "account": ACCOUNT}}))
        ours.custody.cache_clear()
        try:
            assert ours.custody()["BTC"].network == "regtest"
        finally:
            ours.custody.cache_clear()

    def test_version_bytes_are_those_of_the_coins_wallets(self):
        """As each coin's own chainparams.cpp (VRC: net.cpp) has them."""
        coins = {name: asset.networks["main"] for name, asset in ours.exchange().assets.items() if asset.networks}
        assert {name: (main.p2pkh, main.p2sh) for name, main in coins.items()} == {
            "BTC": (0, 5), "LTC": (48, 50), "DOGE": (30, 22), "DRK": (76, 16), "BC": (25, 85), "VRC": (70, 132), "ZET": (80, 9),
        }  # fmt: skip
