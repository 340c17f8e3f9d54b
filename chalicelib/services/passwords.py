"""Passwords at rest: argon2id at OWASP's second choice (46 MiB, one pass), which a 512 MB Lambda does in some 50 ms.

Imported only where a password is seen: argon2 costs a cold start.
"""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

MEMORY_KIB = 47_104
PASSES: Final = 1
LANES: Final = 1


@cache
def _hasher(memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=PASSES, memory_cost=memory_kib, parallelism=LANES, hash_len=32, salt_len=16)


def _nobodys() -> str:
    """A hash that no password has. Checking against it takes as long as against a real one."""
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"


def conceal(secret: str) -> str:
    """The hash to store for a password in one form."""
    return _hasher(MEMORY_KIB).hash(secret)


def matches(stored: str | None, secret: str) -> bool:
    """Whether `secret` is the password behind `stored`. Where nothing is stored the same work is done, for nothing."""
    try:
        return _hasher(MEMORY_KIB).verify(stored or _nobodys(), secret) and stored is not None
    except VerifyMismatchError:
        return False


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher(MEMORY_KIB).check_needs_rehash(stored)
