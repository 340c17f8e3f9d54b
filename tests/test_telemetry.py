"""Metrics are log lines in CloudWatch's embedded format."""

import json
from unittest.mock import Mock

from chalicelib import settings, telemetry


def test_a_metric_counts_in_total_and_by_its_dimensions(capsys):
    # An alarm sees only the metric with exactly the dimensions that it names: ours name none.
    telemetry.count("FenceConflicts", 2, market="BTC-CNY")
    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == settings.STACK
    assert directive["Dimensions"] == [[], ["market"]]
    assert directive["Metrics"] == [{"Name": "FenceConflicts", "Unit": "Count"}]
    assert (line["FenceConflicts"], line["market"]) == (2, "BTC-CNY")
    assert isinstance(line["_aws"]["Timestamp"], int)


def test_nothing_is_counted_when_nothing_happened(capsys):
    telemetry.count("Fills", 0, market="BTC-CNY")
    assert capsys.readouterr().out == ""


def test_an_alarm_is_a_metric_and_an_error_with_its_cause(capsys, monkeypatch):
    logger = Mock()
    monkeypatch.setattr(telemetry, "logger", lambda: logger)
    error = ValueError("boom")
    telemetry.alarm("CommandRaised", error, market="BTC-CNY", module="x")
    logger.error.assert_called_once_with("CommandRaised", exc_info=error, market="BTC-CNY", _module="x")
    metric = json.loads(capsys.readouterr().out)
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
