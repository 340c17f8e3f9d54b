"""What is watched: alarms, which all end in one SNS topic, and the dashboard. docs/operations.md says what to do about each."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib import settings
from infra.grants import att, pascal

Template = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """How much is too much: more than `count_max` within `within_s`."""

    count_max: int
    within_s: int = 60


#: What `chalicelib.telemetry` counts, and from where on somebody should look. `tests/infra` holds it against the code.
METRICS = {
    "CommandRaised": Limit(0),
    "UnreadableMessage": Limit(0),
    "OrdersNotSent": Limit(0),
    "api_crash": Limit(0),
    "EffectsBehind": Limit(0),
    "AuditViolations": Limit(0, within_s=3600),
    "activation_not_mailed": Limit(0),
    "link_not_queued": Limit(0),
    "code_not_queued": Limit(0),
    "withdrawal_not_approved": Limit(0),
    "notice_not_queued": Limit(0),
    "delivery_too_late": Limit(0),
    "delivery_not_noted": Limit(0),
    "password_not_rehashed": Limit(0),
    "photo_not_released": Limit(0),
    "photo_not_held": Limit(0),
    "captcha_silent": Limit(5, within_s=300),
    # Strangers can cause a few of them.
    "captcha_unreadable": Limit(20, within_s=300),
    # A node may be restarted without anybody being called.
    "NodeDown": Limit(3, within_s=300),
    "NodeUnfit": Limit(3, within_s=300),
    "DepositTakenBack": Limit(0),
    "DepositUnowned": Limit(0),
    "HotWalletShort": Limit(0),
    "PayoutRefused": Limit(0),
    "PayoutLost": Limit(0),
    "PaidAndRefunded": Limit(0),
    # A deployment starts a second matcher before the first one ends; that is what the fence is for. Lasting, it is not.
    "FenceConflicts": Limit(20, within_s=300),
    "SweeperResends": Limit(20, within_s=300),
    "GhostsReleased": Limit(5, within_s=300),
}
#: What is counted only to be looked at.
FIGURES = ("Fills", "ExternalTickerFailed", "ChainReorganised", "DustDeposit", "OauthCodeReplayed", "WithdrawalWaits")

QUEUE_AGE_MAX_S = 60
API_FAULTS = Limit(5, within_s=300)
#: Tables that an order touches: their throttling is felt at once.
HOT_TABLES = ("accounts", "journal", "orders", "trades")


def alarm(
    name: str, namespace: str, metric: str, dimensions: Template, limit: Limit, statistic: str = "Sum"
) -> Template:
    """An alarm that goes off when `metric` is beyond `limit`; no data is good news."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"{settings.STACK}-{name}",
            "AlarmDescription": f"docs/operations.md says what to do: {kind(name)}",
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Statistic": statistic,
            "Period": limit.within_s,
            "EvaluationPeriods": 1,
            "Threshold": limit.count_max,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alarms"}],
            "OKActions": [{"Ref": "Alarms"}],
        },
    }


def of_function(name: str) -> Template:
    """The alarms of a function: it failed, it was not let run."""
    logical = pascal(name)
    dimensions = {"FunctionName": {"Ref": logical}}
    return {
        f"{logical}ErrorsAlarm": alarm(f"{name}-errors", "AWS/Lambda", "Errors", dimensions, Limit(0)),
        f"{logical}ThrottlesAlarm": alarm(f"{name}-throttles", "AWS/Lambda", "Throttles", dimensions, Limit(0)),
    }


def of_market(matcher: str) -> Template:
    """The alarm of a market's queue: its oldest message waits."""
    queue = f"{pascal(matcher)}Queue"
    return {
        f"{queue}AgeAlarm": alarm(
            f"{matcher}-waits",
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            {"QueueName": att(queue, "QueueName")},
            Limit(QUEUE_AGE_MAX_S),
            statistic="Maximum",
        )
    }


def of_dead_letters(queue: str, name: str) -> Template:
    """The alarm of a dead-letter queue: there is something in it."""
    return {
        f"{queue}Alarm": alarm(
            name,
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": att(queue, "QueueName")},
            Limit(0),
            statistic="Maximum",
        )
    }


def shared() -> Template:
    """The topic, the alarms on what the code counts, on the API and on the tables."""
    return {
        "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{settings.STACK}-alarms"}},
        "AlarmMailSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmMail",
            "Properties": {"TopicArn": {"Ref": "Alarms"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmMail"}},
        },
        **{
            f"{pascal(metric)}MetricAlarm": alarm(metric, settings.STACK, metric, {}, limit)
            for metric, limit in METRICS.items()
        },
        "GatewayFaultsAlarm": alarm(
            "gateway-faults", "AWS/ApiGateway", "5XXError", {"ApiName": "exchange"}, API_FAULTS
        ),
        **{
            f"{pascal(noun)}ThrottledAlarm": alarm(
                f"{noun}-throttled",
                "AWS/DynamoDB",
                "WriteThrottleEvents",
                {"TableName": {"Ref": f"{pascal(noun)}Table"}},
                Limit(10, within_s=300),
            )
            for noun in HOT_TABLES
        },
    }


def dashboard(matchers: Sequence[str], functions: Sequence[str], tables: Iterable[str]) -> Template:
    """One page: is the market alive, is it quick, what fails, what does it cost."""
    stack = settings.STACK
    queues = [f"{stack}-orders-{market}.fifo" for market in settings.exchange().markets]
    apis = [name for name in functions if name.startswith("api-")]
    rows = [
        (
            "Orders and cancels sent",
            [_line("AWS/SQS", "NumberOfMessagesSent", "QueueName", one) for one in queues],
            "Sum",
        ),
        (
            "Oldest command waits, s",
            [_line("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", one) for one in queues],
            "Maximum",
        ),
        ("Fills", [_line(stack, "Fills", "market", one) for one in settings.exchange().markets], "Sum"),
        ("A batch takes, ms", [_of_function("Duration", one) for one in matchers], "p99"),
        ("A request takes, ms", [_of_function("Duration", one) for one in apis], "p99"),
        (
            "The API answers",
            [["AWS/ApiGateway", name, "ApiName", "exchange"] for name in ("Count", "4XXError", "5XXError")],
            "Sum",
        ),
        ("Failed invocations", [_of_function("Errors", one) for one in functions], "Sum"),
        ("Throttled invocations", [_of_function("Throttles", one) for one in functions], "Sum"),
        ("What the code noticed", [[stack, metric] for metric in METRICS], "Sum"),
        (
            "Write units",
            [_line("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", f"{stack}-{noun}") for noun in tables],
            "Sum",
        ),
    ]
    widgets = [
        {
            "type": "metric",
            "x": 12 * (place % 2),
            "y": 6 * (place // 2),
            "width": 12,
            "height": 6,
            "properties": {"title": title, "region": "${AWS::Region}", "stat": stat, "period": 60, "metrics": lines},
        }
        for place, (title, lines, stat) in enumerate(rows)
    ]
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": stack,
                "DashboardBody": {"Fn::Sub": json.dumps({"widgets": widgets}, separators=(",", ":"))},
            },
        }
    }


def _line(namespace: str, metric: str, dimension: str, value: str) -> list[str]:
    return [namespace, metric, dimension, value]


def _of_function(metric: str, name: str) -> list[str]:
    return _line("AWS/Lambda", metric, "FunctionName", f"{settings.STACK}-{name}")


def kind(name: str) -> str:
    """Under which name docs/operations.md treats an alarm: ``match-btc-cny-waits`` → ``*-waits``."""
    ending = name.rpartition("-")[2]
    return f"*-{ending}" if ending in {"errors", "throttles", "waits", "throttled"} else name
