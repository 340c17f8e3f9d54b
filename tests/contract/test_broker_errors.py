"""Every code of the dialect stands in its reference, as it is told."""

import re

from chalicelib.api.broker.errors import CODES, LADDERS, PARTICULAR, STATUSES, code_of, message
from chalicelib.core.reasons import Refused
from tests.house.source import ROOT

ROW = re.compile(r"^\| (\d{5}) \| (\d{3}) \| (.+) \| (.+) \|$", re.MULTILINE)


def told():
    """(code, status) → the sentences in Chinese and in English, of all reasons that are told by it."""
    refusals = [Refused(reason) for reason in CODES if reason not in LADDERS]
    refusals += [Refused(reason, parameter) for reason, parameter in PARTICULAR]
    refusals += [
        Refused(reason, failures=failures) for reason, codes in LADDERS.items() for failures in range(1, len(codes) + 1)
    ]
    found = {}
    for refused in refusals:
        code = code_of(refused)
        zh, en = (message(refused, language) for language in ("zh", "en"))
        rows = found.setdefault((code, STATUSES.get(code, 400)), ([], []))
        for sentences, sentence in zip(rows, (zh, en), strict=True):
            if sentence not in sentences:
                sentences.append(sentence)
    return {key: ("；".join(zh), "; ".join(en)) for key, (zh, en) in sorted(found.items())}


def test_the_table_of_the_reference_is_the_tables():
    page = (ROOT / "docs/api/broker.md").read_text()
    rows = {(int(code), int(status)): (zh, en) for code, status, zh, en in ROW.findall(page)}
    assert rows == told()


def test_a_code_that_is_told_by_its_parameter_has_a_sentence_in_two_languages():
    for reason, parameter in PARTICULAR:
        refused = Refused(reason, parameter)
        assert message(refused, "en").isascii()
        assert not message(refused, "zh").isascii()
