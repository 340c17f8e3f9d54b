"""What no log may ever hold. `tests/conftest.py` searches everything that any test of the suite wrote for it."""

#: Personal data and secrets that the tests use, as they are typed in.
PLANTED = {
    "13873647282",
    "91234567",
    "11010519491231002X",
    "2934723894572398749",
    "吴小野",
    "吴三",
    "海淀支行",
    "001234567890",
    "1 Rizal Ave",
    "G41DK2iy8OmzdTgpjPKXFvI82wI6CEj/BfaGdfGNDgQ=",
    "tZwid9Lea5GPGPfBBU0xIQIZdnaly2k6fBdGf7plFMA=",
    "0f34ebd20c2cbc01f40ae31ab1c2f4ba",
    "9b74c9897bac770ffc029102a200c5de",
}


def plant(secret):
    """Have the logs searched for a secret that was made just now, from here on; the secret."""
    assert len(secret) >= 16, "too short to be told from chance"
    PLANTED.add(secret)
    return secret


def leaks(written):
    """The planted secrets that stand in a text, in the clear or escaped as JSON does it."""
    return sorted(
        secret for secret in PLANTED if secret in written or secret.encode("unicode_escape").decode() in written
    )
