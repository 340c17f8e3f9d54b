"""Secrets that must be read again (API secrets, TOTP seeds) and personal data: encrypted by KMS with their owner as context.

What was sealed for one person cannot be opened for another, even by somebody who can write our tables. What has to be
found again, or only compared (codes, phone numbers, documents), is kept as an HMAC under a key that is sealed likewise:
all of them have so few possible values that a plain hash would be none.
"""

import hashlib
import hmac
from functools import cache

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib import clock, settings
from chalicelib.stores import aws
from chalicelib.stores.table import Table, refused

#: How long a warm container remembers an opened secret: a request signed with one need not wait for KMS each time.
REMEMBER_MS = 5 * 60_000
REMEMBERED_MAX = 1_000

#: Whose the HMAC key is: no person's, so no person's secret can take its place.
PEPPER: str = "pepper"
PEPPER_BYTES = 32


class PepperRow(Table):
    """The HMAC key, sealed. One row for ever: without it no code, phone number or document is known again."""

    class Meta:
        """Name of the table."""

        table_name = settings.table("codes")

    key = UnicodeAttribute(hash_key=True)
    sealed = BinaryAttribute(legacy_encoding=False)


_opened: dict[tuple[str, bytes], tuple[int, str]] = {}


def seal(secret: str, uid: str) -> bytes:
    """`secret` so that only KMS can read it, and only for `uid`."""
    answer = aws.client("kms").encrypt(
        KeyId=settings.KMS_KEY, Plaintext=secret.encode(), EncryptionContext={"uid": uid}
    )
    return bytes(answer["CiphertextBlob"])


def unseal(sealed: bytes, uid: str, *, remember: bool = True) -> str:
    """What was sealed for `uid`. Raises botocore's error if it was sealed for somebody else, or not by us."""
    now = clock.monotonic_ms()
    remembered = _opened.get((uid, sealed))
    if remembered is not None and now < remembered[0]:
        return remembered[1]
    answer = aws.client("kms").decrypt(KeyId=settings.KMS_KEY, CiphertextBlob=sealed, EncryptionContext={"uid": uid})
    secret = bytes(answer["Plaintext"]).decode()
    if remember:
        if len(_opened) >= REMEMBERED_MAX:
            _opened.clear()
        _opened[uid, sealed] = (now + REMEMBER_MS, secret)
    return secret


def mac(message: bytes) -> bytes:
    """What stands for `message` where it must not be read but be known again."""
    return hmac.digest(_pepper(), message, hashlib.sha256)


@cache
def _pepper() -> bytes:
    """The HMAC key: made by whoever needs it first, then read once by each container."""
    try:
        return bytes.fromhex(unseal(bytes(PepperRow.get(PEPPER, consistent_read=True).sealed), PEPPER))
    except PepperRow.DoesNotExist:
        made = seal(clock.token_bytes(PEPPER_BYTES).hex(), PEPPER)
    try:
        PepperRow(PEPPER, sealed=made).save(PepperRow.key.does_not_exist())
    except PutError as error:
        if not refused(error):
            raise
    return bytes.fromhex(unseal(bytes(PepperRow.get(PEPPER, consistent_read=True).sealed), PEPPER))


def forget() -> None:
    """Forget all opened secrets."""
    _opened.clear()
    _pepper.cache_clear()
