"""What tests of custody share: a key that is everybody's, and a stage that keeps coins with it."""

from dataclasses import replace
from decimal import Decimal

from bip_utils import Bip32Slip10Secp256k1

from chalicelib import clock, settings
from chalicelib.core.markets import custodies
from chalicelib.core.transfers import Kind, Status
from chalicelib.stores import aws, transfers

#: A seed for tests only: whoever reads this can spend what is derived from it.
SEED = bytes(range(64))
#: The extended public key of its first account, as a stage is told.
ACCOUNT = Bip32Slip10Secp256k1.FromSeed(SEED).DerivePath("m/44'/1'/0'").PublicKey().ToExtended()


def private_key(path):
    """The key at the end of a path as operators are told it: ``0/7``."""
    return Bip32Slip10Secp256k1.FromSeed(SEED).DerivePath(f"m/44'/1'/0'/{path}").PrivateKey().Raw().ToBytes()


def kept(monkeypatch, document):
    """Have the stage keep what `document` says (as in infra/stages.toml)."""
    found = custodies(document, settings.exchange())
    monkeypatch.setattr(settings, "custody", lambda: found)


#: How the tests' stage keeps bitcoins.
BITCOIN = {"BTC": {"network": "regtest-bcoin", "account": ACCOUNT, "node": "bcoin"}}


def attach(monkeypatch, places, document=None):
    """A stage whose bitcoins are kept by a node: custody is told where it is."""
    kept(monkeypatch, document or BITCOIN)
    aws.client("ssm").put_parameter(
        Name=f"/{settings.STACK}/nodes/BTC", Type="SecureString", Value=places, KeyId=settings.KMS_KEY, Overwrite=True
    )


def confirmations(monkeypatch, number, asset="BTC"):
    """Have an asset need so many confirmations."""
    whole = settings.exchange()
    changed = replace(whole.assets[asset], terms=replace(whole.assets[asset].terms, confirmations=number))
    exchange = replace(whole, assets={**whole.assets, asset: changed})
    monkeypatch.setattr(settings, "exchange", lambda: exchange)


def withdrawal(uid, address, amount, fee="0.0005"):
    """A withdrawal of bitcoins that is approved (1)."""
    units, fee_units = (int(Decimal(one) * 10**8) for one in (amount, fee))
    wanted = transfers.Withdrawal(uid, "BTC", units, fee_units, clock.now_ms(), address=address)
    opened = transfers.open_withdrawal(wanted, "person", "asked")
    return transfers.move(opened, Status.ACCEPTED, "operator", "approved").id


def deposits(uid):
    """(status, amount in whole coins) of a person's deposits, the oldest first."""
    found = transfers.of_person(uid, Kind.DEPOSIT, "BTC", None, 99).items
    return [(one.status, Decimal(one.amount) / 10**8) for one in reversed(found)]
