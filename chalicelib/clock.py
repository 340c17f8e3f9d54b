"""The only reader of time and randomness. Everything else is handed what it needs, so that tests can decide both."""

import secrets
import time


def now_ms() -> int:
    """Wall clock, ms since epoch."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """A clock that never steps back, for time-outs, in ms."""
    return time.monotonic_ns() // 1_000_000


def sleep_ms(duration: int) -> None:
    """Wait `duration` ms; only for polling an outcome that no event announces."""
    time.sleep(duration / 1000)


def token_bytes(count: int) -> bytes:
    """`count` random bytes fit for secrets."""
    return secrets.token_bytes(count)


def random_below(limit: int) -> int:
    """A uniform random integer in [0, limit) fit for secrets."""
    return secrets.randbelow(limit)
