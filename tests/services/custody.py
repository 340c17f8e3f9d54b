"""What tests of custody share: a key that is everybody's, and a stage that keeps coins with it."""

from bip_utils import Bip32Slip10Secp256k1

from chalicelib import settings
from chalicelib.core.markets import custodies

#: A seed for tests only: whoever reads this can spend what is derived from it.
SEED = bytes(range(64))
#: The extended public key of its first account, as a stage is told.
ACCOUNT = Bip32Slip10Secp256k1.FromSeed(SEED).DerivePath("m/44'/1'/0'").PublicKey().ToExtended()


def kept(monkeypatch, document):
    """Have the stage keep what `document` says (as in infra/stages.toml)."""
    found = custodies(document, settings.exchange())
    monkeypatch.setattr(settings, "custody", lambda: found)
