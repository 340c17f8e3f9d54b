"""Numbers that stay whole numbers, and writes of many rows at once."""

import pytest
from botocore.client import BaseClient
from pynamodb.exceptions import PutError, UpdateError

from chalicelib.core.orders import Side, Trade
from chalicelib.stores import accounts, aws, table, trades
from chalicelib.stores.accounts import AccountRow
from chalicelib.stores.table import Integer, IntegerMap, TextMap
from tests.faults.injection import lost

NUMBERS = [0, 1, -1, 2**53 + 1, 10**30, -(10**30) + 1, 10**37 + 7]


@pytest.mark.parametrize("value", NUMBERS)
def test_whole_numbers_survive_exactly(value):
    assert Integer().deserialize(Integer().serialize(value)) == value
    many = {"BTC": value, "ü": 1}
    assert IntegerMap().deserialize(IntegerMap().serialize(many)) == many


def test_they_survive_the_table_too(cloud):
    for value in NUMBERS:
        AccountRow("1", available={"BTC": value}).save()
        assert accounts.get("1").available == {"BTC": value}


@pytest.mark.parametrize("value", [1.0, "1", None])
def test_what_is_no_whole_number_is_our_mistake(value):
    with pytest.raises(AssertionError):
        Integer().serialize(value)


def test_a_fraction_in_a_table_is_an_error_not_a_float():
    with pytest.raises(ValueError, match=r"1\.5"):
        Integer().deserialize("1.5")


def test_texts_survive():
    many = {"a": "", "b": "ü"}
    assert TextMap().deserialize(TextMap().serialize(many)) == many


class TestErrors:
    def test_a_refused_condition_surely_changed_nothing(self, cloud):
        accounts.empty("1").save()
        with pytest.raises(PutError) as error:
            accounts.empty("1").save(AccountRow.uid.does_not_exist())
        assert table.refused(error.value)

    @pytest.mark.parametrize("cause", [lost(), None])
    def test_an_answer_that_never_came_is_not_a_refusal(self, cause):
        assert not table.refused(UpdateError("no answer", cause))


class TestPutAll:
    @pytest.fixture
    def rows(self, cloud):
        """Rows of two tables, in a number that no batch divides."""
        made = [trades.row(Trade(number, "BTC-CNY", 1, 1, 1, 1, Side.BUY, 1, "1", 2, "2")) for number in range(1, 58)]
        return [*made, accounts.empty("1"), accounts.empty("2")]

    @pytest.fixture
    def calls(self, monkeypatch):
        """The sizes of the batches; the first calls leave out what `leave` says."""
        made = []
        leave = []
        call = BaseClient._make_api_call

        def watched(client, operation, kwargs):
            if operation != "BatchWriteItem":
                return call(client, operation, kwargs)
            items = kwargs["RequestItems"]
            made.append(sum(map(len, items.values())))
            if not leave:
                return call(client, operation, kwargs)
            left = leave.pop()(items)
            done = {name: [one for one in puts if one not in left.get(name, ())] for name, puts in items.items()}
            answer = call(client, operation, {"RequestItems": {name: puts for name, puts in done.items() if puts}})
            return answer | {"UnprocessedItems": left}

        monkeypatch.setattr(BaseClient, "_make_api_call", watched)
        return made, leave

    def stored(self):
        return trades.count("BTC-CNY"), sorted(account.uid for account in accounts.scan())

    def test_writes_all_rows_in_as_few_calls_as_possible(self, rows, calls):
        table.put_all(rows)
        assert sorted(calls[0]) == [9, 25, 25]
        assert self.stored() == (57, ["1", "2"])

    def test_of_nothing_calls_nobody(self, calls):
        table.put_all([])
        assert calls[0] == []

    def test_may_be_repeated(self, rows):
        table.put_all(rows)
        table.put_all(rows)
        assert self.stored() == (57, ["1", "2"])

    def test_asks_again_for_exactly_what_was_left_out(self, rows, calls):
        sizes, leave = calls
        leave.append(lambda items: {name: puts[:3] for name, puts in items.items()})
        table.put_all(rows[:20])
        assert sizes == [20, 3]
        assert self.stored() == (20, [])

    def test_gives_up_on_a_table_that_takes_nothing(self, rows, monkeypatch):
        monkeypatch.setattr(aws, "client", lambda _: self)
        with pytest.raises(table.Unwritten):
            table.put_all(rows[:3])

    def batch_write_item(self, **request):
        """A table that is throttled for good."""
        return {"UnprocessedItems": request["RequestItems"]}


class TestInParallel:
    def test_results_come_in_the_order_of_the_items(self):
        assert aws.in_parallel(lambda item: item * 2, range(40)) == [item * 2 for item in range(40)]
        assert aws.in_parallel(str, []) == []

    def test_all_is_done_before_the_first_error_is_raised(self):
        done = []

        def one(item):
            done.append(item)
            if item in {3, 5}:
                raise ValueError(item)

        with pytest.raises(ValueError, match="3"):
            aws.in_parallel(one, range(40))
        assert sorted(done) == list(range(40))
