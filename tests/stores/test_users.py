"""People, names and the counter share a table; each is written once, whatever races or repeats."""

import threading

import pytest
from pynamodb.exceptions import TransactWriteError

from chalicelib.core import identity as rules
from chalicelib.core.identity import Form, Purpose, Standing
from chalicelib.stores import accounts, codes, names, users
from chalicelib.stores.users import CounterRow, NameRow, UserRow
from tests.faults.injection import Faults, after, before, injected

EMAIL = rules.email("John@coinport.com")
CREDENTIALS = {Form.SHA256_BASE64: "$argon2id$…", Form.MD5_HEX: "$argon2id$…2"}


def written(uid="1000000001", address=EMAIL):
    users.register(uid, address, CREDENTIALS, "zh", 5)
    return users.get(uid)


def test_the_three_kinds_of_rows_share_one_table_and_no_key(cloud):
    uid = users.next_uid()
    written(uid)
    assert UserRow.Meta.table_name == NameRow.Meta.table_name == CounterRow.Meta.table_name
    assert sorted(row.key for row in NameRow.scan(attributes_to_get=["key"])) == [
        uid,
        "counter",
        "email:john@coinport.com",
    ]


def test_a_person_is_read_as_written(cloud):
    user = written()
    assert (user.uid, user.email, user.language, user.created, user.auth_epoch) == (
        "1000000001",
        EMAIL.typed,
        "zh",
        5,
        1,
    )
    assert user.credentials == {"sha256_base64": "$argon2id$…", "md5_hex": "$argon2id$…2"}
    assert (user.sealed_mobile, user.mobile_verified, user.totp_enabled, user.api_tokens) == (
        b"",
        False,
        False,
        frozenset(),
    )
    assert users.find(rules.email("JOHN@coinport.com")) == user
    assert type(user.created) is type(user.auth_epoch) is int


def test_nobody_is_found_under_no_name(cloud):
    written()
    assert users.find(None) is None
    assert users.find(rules.email("jane@coinport.com")) is None
    assert users.get(names.NOBODY) is None


def test_uids_never_repeat_even_when_many_ask_at_once(cloud):
    uids = []
    threads = [threading.Thread(target=lambda: uids.append(users.next_uid())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(uids) == [str(1_000_000_001 + number) for number in range(20)]


def test_a_taken_name_leaves_no_trace_of_the_second(cloud):
    written()
    with pytest.raises(users.NameTaken):
        written("1000000002")
    assert users.get("1000000002") is None
    assert accounts.get("1000000002") is None


@pytest.mark.parametrize("fault", [before, after])
def test_a_registration_that_failed_is_all_or_nothing(cloud, monkeypatch, fault):
    with injected(monkeypatch, Faults(0, fault)):
        try:
            written()
        except TransactWriteError:
            assert fault is before
    everything = [users.find(EMAIL), users.get("1000000001"), accounts.get("1000000001")]
    assert all(everything) or not any(everything)


def test_a_token_activates_only_its_own_person_while_pending(cloud):
    written()
    written("1000000002", rules.email("jane@coinport.com"))
    codes.keep(Purpose.ACTIVATION, "f" * 64, "1000000001", 100)
    assert not users.activate("1000000002", "f" * 64, "use", 50)
    assert not users.activate("1000000001", "e" * 64, "use", 50)
    assert not users.activate("1000000001", "f" * 64, "use", 100)
    assert users.activate("1000000001", "f" * 64, "use", 99)
    assert users.activate("1000000001", "f" * 64, "use", 99), "the same use, repeated"
    assert not users.activate("1000000001", "f" * 64, "another", 99)
    assert users.get("1000000001").standing is Standing.ACTIVE
    assert users.get("1000000002").standing is Standing.PENDING


def test_a_disabled_person_is_not_let_in_by_an_old_token(cloud):
    written()
    codes.keep(Purpose.ACTIVATION, "f" * 64, "1000000001", 100)
    UserRow("1000000001").update(actions=[UserRow.standing.set(Standing.DISABLED.value)])
    assert not users.activate("1000000001", "f" * 64, "use", 50)
    assert users.get("1000000001").standing is Standing.DISABLED
