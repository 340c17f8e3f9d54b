"""Secrets that must be read again (API secrets, later TOTP seeds): encrypted by KMS with their owner as context.

What was sealed for one person cannot be opened for another, even by somebody who can write our tables.
"""

from chalicelib import clock, settings
from chalicelib.stores import aws

#: How long a warm container remembers an opened secret: a request signed with one need not wait for KMS each time.
REMEMBER_MS = 5 * 60_000
REMEMBERED_MAX = 1_000

_opened: dict[tuple[str, bytes], tuple[int, str]] = {}


def seal(secret: str, uid: str) -> bytes:
    """`secret` so that only KMS can read it, and only for `uid`."""
    answer = aws.client("kms").encrypt(
        KeyId=settings.KMS_KEY, Plaintext=secret.encode(), EncryptionContext={"uid": uid}
    )
    return bytes(answer["CiphertextBlob"])


def unseal(sealed: bytes, uid: str) -> str:
    """What was sealed for `uid`. Raises botocore's error if it was sealed for somebody else, or not by us."""
    now = clock.monotonic_ms()
    remembered = _opened.get((uid, sealed))
    if remembered is not None and now < remembered[0]:
        return remembered[1]
    answer = aws.client("kms").decrypt(KeyId=settings.KMS_KEY, CiphertextBlob=sealed, EncryptionContext={"uid": uid})
    secret = bytes(answer["Plaintext"]).decode()
    if len(_opened) >= REMEMBERED_MAX:
        _opened.clear()
    _opened[uid, sealed] = (now + REMEMBER_MS, secret)
    return secret


def forget() -> None:
    """Forget all opened secrets."""
    _opened.clear()
