"""Who may do what: one table, from function to grants. Least privilege: an action that no code makes is not here.

A function's role carries its grants and what Lambda does in its name (`platform`). `tests/infra` holds the template to
it, and `tests/deployed/test_grants.py` fails on a grant that no test made use of.
"""

from typing import Any

from chalicelib import settings
from infra.grants import (
    Grant,
    archive,
    att,
    index,
    key,
    mail,
    nodes,
    post,
    queue,
    send,
    signing,
    sms,
    table,
    uploads,
)

MARKETS = tuple(settings.exchange().markets)
#: Function → the market that it matches.
MATCHERS = {f"match-{market.lower()}": market for market in MARKETS}
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
#: X-Ray knows no resources: these are the only actions that may be granted on everything.
TRACING = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")

#: Knowing who asks, by a session.
_SESSION = (table("users", "BatchGetItem"), table("sessions", "BatchGetItem", "UpdateItem"))
#: Knowing who asks, by each of the document's three schemes. Transactions need the rights of their single writes.
_CALLER = (
    table("users", "BatchGetItem", "GetItem"),
    table("sessions", "BatchGetItem", "UpdateItem"),
    table("attempts", "DeleteItem", "GetItem", "UpdateItem"),
    table("logins", "PutItem"),
    table("api_keys", "GetItem"),
    key("Decrypt"),
)
#: Reading a market's journal from its newest checkpoint on.
_JOURNAL = (
    table("heads", "GetItem"),
    table("journal", "Query"),
    archive("checkpoints/", "GetObject"),
)


#: Writing candles: closed chunks are never removed, open ones are once they are replaced.
_KLINES = (
    table("heads", "GetItem", "UpdateItem"),
    table("journal", "Query"),
    archive("klines/", "PutObject"),
    archive("klines-open/", "DeleteObject", "GetObject", "PutObject"),
    archive("journal/", "GetObject"),
)
#: Holding all there is against the journals, archived ones included.
_AUDIT = (
    table("accounts", "BatchGetItem", "DescribeTable", "Scan"),
    table("heads", "GetItem"),
    table("journal", "Query"),
    archive("journal/", "GetObject"),
    table("orders", "BatchGetItem", "Scan"),
    table("trades", "BatchGetItem", "Query"),
    table("transfers", "GetItem", "Scan"),
    table("ramp_orders", "Scan"),
)
#: Committing to the journal, and applying the effects.
_MATCHER = (
    *_JOURNAL,
    table("journal", "GetItem", "PutItem"),
    table("heads", "UpdateItem"),
    table("accounts", "PutItem", "UpdateItem"),
    table("orders", "BatchGetItem", "BatchWriteItem", "PutItem", "UpdateItem"),
    table("trades", "BatchWriteItem"),
)


GRANTS: dict[str, tuple[Grant, ...]] = {
    "api-market": (
        *_JOURNAL,
        table("heads", "BatchGetItem"),
        table("trades", "Query"),
        archive("klines", "GetObject"),
    ),
    "api-identity": (
        *_CALLER,
        table("users", "DeleteItem", "PutItem", "UpdateItem"),
        table("sessions", "BatchWriteItem", "DeleteItem", "GetItem"),
        table("logins", "BatchWriteItem"),
        table("attempts", "BatchGetItem", "PutItem"),
        table("api_keys", "BatchGetItem", "DeleteItem", "PutItem"),
        table("codes", "GetItem", "PutItem", "UpdateItem"),
        table("kyc", "GetItem", "PutItem"),
        table("bank_cards", "DeleteItem", "PutItem", "Query"),
        table("accounts", "PutItem"),
        key("Encrypt"),
        post("SendMessage"),
    ),
    "api-trading": (
        *_CALLER,
        table("accounts", "GetItem", "UpdateItem"),
        table("orders", "BatchGetItem", "Query"),
        table("trades", "BatchGetItem"),
        index("trades", "taker"),
        index("trades", "maker"),
        table("heads", "BatchGetItem"),
        table("placements", "DeleteItem", "GetItem", "PutItem"),
        table("workers", "GetItem", "PutItem"),
        send(*MARKETS),
    ),
    "api-reserves": (
        *_CALLER,
        table("snapshots", "Query"),
        table("reserves", "BatchGetItem"),
        table("addresses", "Query"),
        table("external", "Query"),
        index("transfers", "listed"),
        archive("snapshots/", "GetObject"),
        archive("proofs/", "GetObject"),
    ),
    "api-wallet": (
        *_CALLER,
        table("accounts", "GetItem", "UpdateItem"),
        table("users", "ConditionCheckItem", "UpdateItem"),
        table("codes", "GetItem", "UpdateItem"),
        table("bank_cards", "Query"),
        table("deposit_addresses", "GetItem", "PutItem", "Query"),
        table("allowances", "GetItem", "PutItem"),
        table("transfers", "GetItem", "PutItem"),
        index("transfers", "person"),
        table("transfer_moves", "GetItem", "PutItem"),
        key("Encrypt"),
    ),
    "api-broker": (
        *_SESSION,
        table("users", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        table("sessions", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem"),
        table("logins", "BatchWriteItem", "PutItem", "Query"),
        table("attempts", "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        table("codes", "GetItem", "PutItem", "UpdateItem"),
        table("kyc", "GetItem"),
        table("favourites", "Query"),
        table("accounts", "PutItem"),
        table("oauth", "GetItem", "PutItem", "UpdateItem"),
        key("Decrypt", "Encrypt"),
        post("SendMessage"),
    ),
    "api-broker-security": (
        *_SESSION,
        table("users", "GetItem", "UpdateItem"),
        table("sessions", "GetItem"),
        table("codes", "GetItem", "UpdateItem"),
        table("attempts", "DeleteItem", "GetItem", "UpdateItem"),
        table("api_keys", "BatchGetItem", "DeleteItem", "PutItem", "UpdateItem"),
        table("favourites", "DeleteItem", "PutItem", "Query"),
        key("Decrypt", "Encrypt"),
    ),
    "api-broker-papers": (
        *_SESSION,
        table("users", "GetItem", "UpdateItem"),
        table("codes", "GetItem", "UpdateItem"),
        table("attempts", "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        table("kyc", "GetItem", "PutItem"),
        uploads("kept/", "GetObject", "PutObject", "PutObjectTagging"),
        uploads("incoming/", "GetObject", "PutObject"),
        key("Decrypt", "Encrypt"),
    ),
    "api-oauth": (
        table("oauth", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        table("users", "GetItem"),
        key("Decrypt"),
    ),
    "api-router": (
        *_JOURNAL,
        table("heads", "BatchGetItem"),
        table("trades", "Query"),
        archive("klines", "GetObject"),
        table("users", "BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "UpdateItem"),
        table("sessions", "BatchGetItem", "BatchWriteItem", "DeleteItem", "UpdateItem"),
        table("logins", "BatchWriteItem", "PutItem"),
        table("attempts", "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"),
        table("codes", "GetItem", "PutItem", "UpdateItem"),
        table("accounts", "GetItem", "PutItem", "UpdateItem"),
        table("workers", "GetItem", "PutItem"),
        table("withdrawal_addresses", "GetItem", "PutItem"),
        table("allowances", "GetItem", "PutItem"),
        # Whoever writes them in a transaction reads them back when it was refused, for the answer to it may be lost.
        table("transfers", "GetItem", "PutItem"),
        index("transfers", "person"),
        table("transfer_moves", "GetItem", "PutItem"),
        key("Decrypt", "Encrypt"),
        post("SendMessage"),
        send(*MARKETS),
    ),
    "api-ramp": (
        table("ramp_partners", "GetItem"),
        table("ramp_calls", "GetItem", "PutItem", "UpdateItem"),
        table("ramp_accounts", "GetItem"),
        table("ramp_orders", "GetItem", "PutItem"),
        table("users", "ConditionCheckItem", "GetItem"),
        table("kyc", "GetItem"),
        table("codes", "GetItem", "PutItem"),
        table("accounts", "GetItem", "UpdateItem"),
        table("transfers", "GetItem", "PutItem"),
        table("transfer_moves", "GetItem", "PutItem"),
        key("Decrypt", "Encrypt"),
    ),
    "api-draft-open": (
        *_JOURNAL,
        table("heads", "BatchGetItem"),
        table("trades", "Query"),
        archive("klines", "GetObject"),
        table("snapshots", "Query"),
        table("reserves", "BatchGetItem"),
        table("addresses", "Query"),
        table("transfer_files", "GetItem", "Query"),
        archive("transfers/", "GetObject"),
    ),
    "api-draft": (
        *_CALLER,
        table("users", "ConditionCheckItem", "PutItem", "UpdateItem"),
        table("sessions", "BatchWriteItem"),
        table("logins", "BatchWriteItem"),
        table("api_keys", "BatchGetItem"),
        table("codes", "GetItem", "PutItem", "UpdateItem"),
        table("accounts", "GetItem", "PutItem", "UpdateItem"),
        table("orders", "BatchGetItem", "Query"),
        table("trades", "BatchGetItem"),
        index("trades", "taker"),
        index("trades", "maker"),
        table("heads", "BatchGetItem"),
        table("placements", "DeleteItem", "GetItem", "PutItem"),
        table("workers", "GetItem", "PutItem"),
        table("bank_cards", "Query"),
        table("deposit_addresses", "GetItem", "PutItem", "Query"),
        table("allowances", "GetItem", "PutItem"),
        table("transfers", "GetItem", "PutItem"),
        index("transfers", "person"),
        table("transfer_moves", "GetItem", "PutItem"),
        key("Encrypt"),
        post("SendMessage"),
        send(*MARKETS),
    ),
    "api-web": (
        table("ramp_accounts", "GetItem", "PutItem"),
        table("users", "GetItem", "PutItem", "UpdateItem"),
        table("accounts", "PutItem"),
        table("codes", "GetItem", "PutItem", "UpdateItem"),
        table("attempts", "BatchGetItem", "PutItem"),
        table("kyc", "GetItem", "PutItem"),
        uploads("kept/", "GetObject", "PutObject", "PutObjectTagging"),
        uploads("incoming/", "GetObject", "PutObject"),
        key("Decrypt", "Encrypt"),
        post("SendMessage"),
    ),
    "sweep": (
        table("accounts", "GetItem", "UpdateItem"),
        index("accounts", "waiting"),
        table("journal", "Query"),
        table("heads", "UpdateItem"),
        table("orders", "BatchGetItem", "BatchWriteItem", "PutItem", "UpdateItem"),
        table("trades", "BatchWriteItem"),
        send(*MARKETS),
    ),
    "audit": _AUDIT,
    "checkpoint": (
        *_JOURNAL,
        table("journal", "BatchWriteItem"),
        table("heads", "UpdateItem"),
        archive("checkpoints/", "PutObject"),
        archive("journal/", "GetObject", "PutObject"),
    ),
    "klines": _KLINES,
    "snapshots": (
        table("accounts", "Scan"),
        table("transfers", "Scan"),
        table("journal", "Query"),
        table("snapshots", "BatchWriteItem"),
        table("reserves", "UpdateItem"),
        archive("snapshots/", "PutObject"),
        archive("proofs/", "PutObject"),
        signing("GetPublicKey", "Sign"),
    ),
    "external-tickers": (table("external", "PutItem"),),
    "ramp-deadlines": (
        index("ramp_orders", "due"),
        table("ramp_orders", "GetItem", "UpdateItem"),
        # A sale whose coins were not burnt with its payment.
        table("transfers", "GetItem", "PutItem"),
        table("transfer_moves", "GetItem", "PutItem"),
        table("accounts", "GetItem", "UpdateItem"),
    ),
    "custody": (
        nodes(),
        key("Decrypt"),
        table("chains", "GetItem", "PutItem", "UpdateItem"),
        table("sightings", "BatchWriteItem", "DeleteItem", "PutItem", "Query", "UpdateItem"),
        table("holdings", "BatchGetItem", "DeleteItem", "PutItem", "Query", "UpdateItem"),
        table("reserves", "UpdateItem"),
        table("deposit_addresses", "BatchGetItem"),
        table("transfers", "GetItem", "PutItem"),
        index("transfers", "open"),
        table("transfer_moves", "GetItem", "PutItem"),
        table("accounts", "GetItem", "UpdateItem"),
    ),
    "transfer-files": (
        index("transfers", "success"),
        table("transfer_files", "GetItem", "PutItem", "UpdateItem"),
        archive("transfers/", "PutObject"),
    ),
    "mail": (
        table("deliveries", "DeleteItem", "GetItem", "UpdateItem"),
        key("Decrypt"),
        mail(),
        sms(),
    ),
    "ops": (
        table("kyc", "DeleteItem", "GetItem", "UpdateItem"),
        index("kyc", "waiting"),
        uploads("kept/", "PutObjectTagging"),
        table("oauth", "PutItem"),
        key("Decrypt"),
        *_KLINES,
        *_AUDIT,
        table("accounts", "GetItem", "UpdateItem"),
        table("heads", "DeleteItem"),
        nodes(),
        table("chains", "GetItem", "UpdateItem"),
        table("sightings", "Query"),
        table("holdings", "Query", "UpdateItem"),
        table("addresses", "PutItem", "Query", "UpdateItem"),
        table("reserves", "BatchGetItem", "UpdateItem"),
        table("orders", "BatchWriteItem", "PutItem", "UpdateItem"),
        table("trades", "BatchWriteItem"),
        archive("checkpoints/", "GetObject"),
        table("transfers", "GetItem", "PutItem"),
        index("transfers", "open"),
        table("transfer_moves", "GetItem", "PutItem", "Query"),
        table("ramp_partners", "GetItem", "PutItem", "Scan", "UpdateItem"),
        table("ramp_accounts", "GetItem", "PutItem"),
        table("users", "GetItem"),
        table("ramp_orders", "GetItem", "UpdateItem"),
        index("ramp_orders", "noted"),
        index("ramp_orders", "open"),
        table("codes", "DeleteItem", "GetItem", "PutItem"),
        key("Encrypt"),
        send(*MARKETS),
    ),
} | dict.fromkeys(MATCHERS, _MATCHER)

#: Functions that Lambda invokes asynchronously: what they fail at ends in the dead-letter queue.
SCHEDULED = (
    "sweep",
    "audit",
    "checkpoint",
    "klines",
    "snapshots",
    "external-tickers",
    "ramp-deadlines",
    "custody",
    "transfer-files",
)


def platform(name: str) -> list[Grant]:
    """What Lambda itself does in a function's name: log, trace, poll its queue, put aside what it failed at."""
    grants = [
        Grant(
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            (
                {
                    "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                    f"log-group:/aws/lambda/{settings.STACK}-{name}:*"
                },
            ),
        ),
        Grant(TRACING, ("*",)),
    ]
    if name in SCHEDULED:
        grants.append(Grant(("sqs:SendMessage",), (att("DeadLetters", "Arn"),)))
    if name in MATCHERS:
        grants.append(Grant(POLLING, (att(queue(MATCHERS[name]), "Arn"),)))
    if name == "mail":
        grants.append(Grant(POLLING, (att("MailQueue", "Arn"),)))
    return grants


def role(name: str) -> dict[str, Any]:
    """The role of function `name` (as in `GRANTS`)."""
    grants = [*GRANTS[name], *platform(name)]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "grants",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [grant.statement() for grant in grants],
                    },
                }
            ],
        },
    }
