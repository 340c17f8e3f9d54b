"""The key that signs what we publish: asymmetric, in KMS, which never gives it out."""

from functools import cache

from chalicelib import settings
from chalicelib.stores import aws

ALGORITHM = "ECDSA_SHA_256"
MESSAGE_BYTES_MAX = 4096


def sign(message: bytes) -> bytes:
    """The signature of `message`, ECDSA on P-256 over its SHA-256, in DER."""
    assert len(message) <= MESSAGE_BYTES_MAX
    answer = aws.client("kms").sign(
        KeyId=settings.SIGNING_KEY, Message=message, MessageType="RAW", SigningAlgorithm=ALGORITHM
    )
    return bytes(answer["Signature"])


@cache
def public_key() -> bytes:
    """The public half, as X.509 has it (DER)."""
    return bytes(aws.client("kms").get_public_key(KeyId=settings.SIGNING_KEY)["PublicKey"])
