"""Signed messages, against the document's own: addresses of 2015 that signed "coinport"."""

import pytest

from chalicelib import settings
from chalicelib.core.addresses import decoded, encoded, signed_by, version
from chalicelib.core.ripemd import ripemd160

MAGIC = "Bitcoin Signed Message:\n"
SIGNED = [
    (
        "15WSBo1FRXQ7qKQms9qAWGvsTMxxRLrHt3",
        "H4FGaDo7P3Hm+HnGMEnb/s8fXEuYJQ2vrlIDqN2H7jlWu2CfmDaC/vSkVtzlvidjgDvDQEeoe3Xovft9pomHpFc=",
    ),
    (
        "1E6T55vPxz27kaouY8zcoLyLYqg7aLBv8f",
        "ILQHBgYRiowSjfvOSFz/l008Dks/pcktekh5a+vntxGxLYnbuP6hmvJ1bCgfu0/N9mbe+qp98jKbBjPWMYyphAE=",
    ),
    (
        "1CKScR6b5WBRdMm4BjTqdwiEbbBJzH59Pa",
        "H2MNC+f5a29iTLuWs2yn/5MgOGi3rTev+HY/dX40rZ9t3Xzmyo3Ni12me2S9OIeclJaPcIpe2HBV+u4oq9Fm1j4=",
    ),
    (
        "17w6wtD3FHnNTbR27jgiN7fSNp7j1gE4uv",
        "H+2TIX6gXpZYeYT6Hye+ePZVnPDtJk5DjVA82Lnau44fSeEYG3Nvb7boibZN51r6nNHWfmhRKrZFqGZJ3L6nhIU=",
    ),
    (
        "1GbJtdiidFnbsGfuC5VtMKrRaoyrP2rRXk",
        "H0YkvkM11/6tVddcu8dr+TEzhKjNuXVTn1ckaJJQOc0IVoAkCrhiA9CUFUWvTXRBL+DwLgPUrWi7gHnD+LBLztw=",
    ),
]


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"),
        (b"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"),
        (b"1234567890" * 8, "9b752e45573d4b39f4dbd3323cab82bf63326bfb"),
        (b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "12a053384a9c0c88e405a06c27dcf49ada62eb2b"),
    ],
)
def test_ripemd_by_its_authors_examples(text, digest):
    assert ripemd160(text).hex() == digest


@pytest.mark.parametrize(("address", "signature"), SIGNED)
def test_the_documents_signatures(address, signature):
    assert version(address) == 0
    assert signed_by(address, "coinport", signature, MAGIC)
    assert not signed_by(address, "coinport ", signature, MAGIC)
    assert not signed_by(address, "coinport", signature, "Litecoin Signed Message:\n")


def test_nobody_elses():
    for address, signature in SIGNED:
        assert [other for other, _ in SIGNED if signed_by(other, "coinport", signature, MAGIC)] == [address]


def test_the_same_key_has_an_address_of_every_coin():
    address, signature = SIGNED[0]
    hashed = decoded(address)[1]
    for asset in settings.exchange().assets.values():
        for network in asset.networks.values():
            theirs = encoded(network.p2pkh, hashed)
            assert version(theirs) == network.p2pkh
            assert signed_by(theirs, "coinport", signature, MAGIC)


@pytest.mark.parametrize(
    "address",
    ["", "1", "15WSBo1FRXQ7qKQms9qAWGvsTMxxRLrHt4", "115WSBo1FRXQ7qKQms9qAWGvsTMxxRLrHt3", "l" * 34, "z" * 101],
)
def test_what_is_no_address(address):
    assert version(address) is None
    assert not signed_by(address, "coinport", SIGNED[0][1], MAGIC)


@pytest.mark.parametrize("signature", ["", "x", "AAAA", "GwAA" + "A" * 84, "é" * 88, SIGNED[0][1] + "AAAA"])
def test_what_is_no_signature(signature):
    assert not signed_by(SIGNED[0][0], "coinport", signature, MAGIC)
