"""All that a deployment consists of, as one template: read off the loaded app, the stores' tables, `exchange.toml`.

Chalice contributes the API and one function per worker (see `infra.package`); this module splits Chalice's single API
function into one per endpoint group and adds tables, queues, the archive, the key, roles and alarms.
Import it only after STAGE and STACK are set: names of resources come from `chalicelib.settings`.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pynamodb.models import Model

import app as application
from chalicelib import settings, stores
from chalicelib.workers.matching import function_name
from infra import alarms, buckets, gateway, post, roles
from infra.grants import att, pascal

Template = dict[str, Any]

RUNTIME = "python3.11"
API_TIMEOUT_S = 10
#: A killed matcher keeps its market waiting for six of these.
MATCHER_TIMEOUT_S = 15
WORKER_TIMEOUT_S = 60
#: An audit, or an operator's replay, reads all there is; custody may wait for slow nodes, beyond the time that it plans with.
WORKER_TIMEOUTS_S = {"audit": 900, "snapshots": 900, "transfer-files": 900, "custody": 180, "ops": 900}
#: AWS asks for six times the function's time-out, so that a throttled retry never overtakes a running one.
QUEUE_VISIBILITY_S = 6 * MATCHER_TIMEOUT_S
QUEUE_RETENTION_S = 14 * 24 * 3600

#: Memory buys CPU in proportion: 1769 MB is one core. Argon2id takes 46 MiB and should not take a second.
GROUP_MEMORY_MB = {
    "market": 512,
    "identity": 1024,
    "trading": 1024,
    "wallet": 1024,
    "reserves": 1024,
    "broker": 1024,
    "broker-security": 1024,
    "broker-papers": 1769,
    "oauth": 512,
    "router": 1024,
    "ramp": 1024,
    "draft-open": 512,
    "draft": 1024,
    "web": 1769,
}
MATCHER_MEMORY_MB = 1024
WORKER_MEMORY_MB = {
    "sweep": 512,
    "audit": 1769,
    "checkpoint": 1024,
    "klines": 1024,
    "snapshots": 3008,
    "external-tickers": 512,
    "ramp-deadlines": 512,
    "custody": 1024,
    "transfer-files": 512,
    "ops": 1024,
}


def models() -> Iterator[type[Model]]:
    """Every table of the stores: the pynamodb models that have a table name."""
    seen: set[str] = set()
    for info in sorted(pkgutil.walk_packages(stores.__path__, f"{stores.__name__}."), key=lambda info: info.name):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            name = getattr(getattr(value, "Meta", None), "table_name", None)
            if isinstance(value, type) and issubclass(value, Model) and name and name not in seen:
                seen.add(name)
                yield value


def noun(model: type[Model]) -> str:
    """What a table holds: ``accounts``. Its name is the stack's, a dash and the noun."""
    return str(model.Meta.table_name).removeprefix(settings.table(""))


def table(model: type[Model]) -> Template:
    """The table of a model: keys, indexes and time to live are read off it, so that they are written down once."""
    schema = model._get_schema()  # noqa: SLF001 - the public way (`create_table`) creates it at once
    indexes = schema["global_secondary_indexes"]
    assert not schema["local_secondary_indexes"], "a local index cannot be added later; use a global one"
    definitions = [
        *schema["attribute_definitions"],
        *(one for each in indexes for one in each["attribute_definitions"]),
    ]
    attributes = {one["AttributeName"]: one["AttributeType"] for one in definitions}
    properties: Template = {
        "TableName": model.Meta.table_name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()],
        "KeySchema": _key_schema(schema["key_schema"]),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "DeletionProtectionEnabled": settings.STAGE == "prod",
    }
    if indexes:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index["index_name"],
                "KeySchema": _key_schema(index["key_schema"]),
                "Projection": index["projection"],
            }
            for index in indexes
        ]
    ttl = model._ttl_attribute()  # type: ignore[no-untyped-call]  # noqa: SLF001 - as above
    if ttl is not None:
        properties["TimeToLiveSpecification"] = {"AttributeName": ttl.attr_name, "Enabled": True}
    return {"Type": "AWS::DynamoDB::Table", **retained(), "Properties": properties}


def owners() -> dict[tuple[str, str], str]:
    """(path, method) → the endpoint group that serves it: the one whose module the view stands in."""
    return {
        (path, method): _group_of(entry.view_function.__module__)
        for path, methods in application.app.routes.items()
        for method, entry in methods.items()
    }


def _group_of(view_module: str) -> str:
    """The group whose module a view stands in, or whose package."""
    return next(group for group, module in application.GROUPS.items() if f"{view_module}.".startswith(f"{module}."))


def complete(template: Template, values: Mapping[str, Any]) -> Template:
    """The whole deployment: Chalice's `template` with its one API function split, and everything around it.

    `values` are the stage's own (see `stages.toml`); they become the defaults of the template's parameters.
    """
    resources = template["Resources"]
    code = resources.pop("APIHandler")["Properties"]["CodeUri"]
    resources.pop("APIHandlerInvokePermission")
    functions = {_group_function(group): _group(group, code) for group in application.GROUPS}
    for market in settings.exchange().markets:
        name = function_name(market).replace("_", "-")
        worker = resources.pop(pascal(name))["Properties"]
        functions[name] = _function(name, worker, MATCHER_MEMORY_MB, MATCHER_TIMEOUT_S)
        # By reference, not by name: CloudFormation has to create the queue first.
        for event in worker["Events"].values():
            event["Properties"]["Queue"] = att(f"{pascal(name)}Queue", "Arn")
        resources |= {f"{pascal(name)}Queue": _queue(market), **alarms.of_market(name)}
    postman = post.fed(resources.pop(pascal(post.POSTMAN))["Properties"])
    functions[post.POSTMAN] = _function(post.POSTMAN, postman, post.POSTMAN_MEMORY_MB, post.POSTMAN_TIMEOUT_S)
    resources |= post.queues()
    for name, memory in WORKER_MEMORY_MB.items():
        worker = resources.pop(pascal(name))["Properties"]
        functions[name] = _function(name, worker, memory, WORKER_TIMEOUTS_S.get(name, WORKER_TIMEOUT_S))
        if "Events" in worker:
            functions[name]["Properties"]["DeadLetterQueue"] = {
                "Type": "SQS",
                "TargetArn": att("DeadLetters", "Arn"),
            }
    left = [name for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"]
    assert not left, f"give these workers a memory size and a role: {left}"
    api = resources["RestAPI"]["Properties"]
    serving = {route: pascal(_group_function(group)) for route, group in owners().items()}
    strays = {path: pascal(_group_function(group)) for path, group in gateway.STRAYS.items()}
    gateway.split(api["DefinitionBody"], serving, strays)
    api |= gateway.stage()
    for name, function in functions.items():
        resources |= _around(name, function)
    resources |= {f"{pascal(noun(model))}Table": table(model) for model in models()}
    matchers = [function_name(market).replace("_", "-") for market in settings.exchange().markets]
    resources |= _shared() | gateway.around() | alarms.shared()
    resources |= alarms.dashboard(matchers, sorted(functions), sorted(noun(model) for model in models()))
    template["Parameters"] = _parameters(values)
    template["Conditions"] = {
        "HasDomain": _given("CertificateArn"),
        "HasAlarmMail": _given("AlarmMail"),
        "HasFirewall": {"Fn::Not": [{"Fn::Equals": [{"Ref": "RequestsPerAddress"}, 0]}]},
    }
    template["Outputs"] = {
        "Url": {"Value": {"Fn::Sub": "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}/api"}},
        "ApiId": {"Value": {"Ref": "RestAPI"}},
        "Archive": {"Value": {"Ref": "Archive"}},
        "MailSender": {"Value": {"Ref": "MailSender"}},
        "PublicUrl": {"Value": {"Ref": "PublicUrl"}},
        # The domain's name has to lead here: an alias record, in whatever keeps its zone.
        "DomainTarget": {"Condition": "HasDomain", "Value": att("Domain", "RegionalDomainName")},
    }
    template["Resources"] = dict(sorted(resources.items()))
    return template


def _key_schema(schema: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """CloudFormation wants the hash key first; pynamodb lists attributes by name."""
    ordered = sorted(schema, key=lambda one: one["KeyType"] != "HASH")
    return [{"AttributeName": one["AttributeName"], "KeyType": one["KeyType"]} for one in ordered]


def _group_function(group: str) -> str:
    return f"api-{group}"


def _group(group: str, code: str) -> Template:
    name = _group_function(group)
    properties = {"Handler": "app.app", "CodeUri": code, "Architectures": ["x86_64"]}
    return _function(name, properties, GROUP_MEMORY_MB[group], API_TIMEOUT_S, group)


def _function(name: str, properties: Template, memory: int, timeout: int, group: str = "") -> Template:
    variables = {
        "STAGE": settings.STAGE,
        "STACK": settings.STACK,
        "QUEUE_URL_BASE": {"Fn::Sub": "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/"},
        "BUCKET": {"Ref": "Archive"},
        "UPLOADS_BUCKET": {"Ref": "Uploads"},
        "KMS_KEY": att("Key", "Arn"),
        "SIGNING_KEY": att("SigningKey", "Arn"),
        "PUBLIC_URL": {"Ref": "PublicUrl"},
        "PUBLIC_URL_V2": {"Ref": "PublicUrlV2"},
        "MAIL_SENDER": {"Ref": "MailSender"},
        "CUSTODY": {"Ref": "Coins"},
    }
    if group:
        variables["ENDPOINT_GROUP"] = group
    return {
        "Type": "AWS::Serverless::Function",
        "Properties": properties
        | {
            "FunctionName": f"{settings.STACK}-{name}",
            "Runtime": RUNTIME,
            "MemorySize": memory,
            "Timeout": timeout,
            "Tracing": "Active" if group else "PassThrough",
            "Role": att(f"{pascal(name)}Role", "Arn"),
            "Environment": {"Variables": variables},
        },
    }


def _around(name: str, function: Template) -> Template:
    """A function with its role, its log group and its alarm."""
    logical = pascal(name)
    parts = {
        logical: function,
        f"{logical}Role": roles.role(name),
        f"{logical}Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": f"/aws/lambda/{settings.STACK}-{name}",
                "RetentionInDays": {"Ref": "LogDays"},
            },
        },
        **alarms.of_function(name),
    }
    function["DependsOn"] = [f"{logical}Logs"]
    if name.startswith("api-"):
        parts[f"{logical}Permission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": logical},
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPI}/*"
                },
            },
        }
    return parts


def _queue(market: str) -> Template:
    # No dead-letter queue: for a FIFO queue it would let later messages overtake. The age alarm stands in for it.
    return {
        "Type": "AWS::SQS::Queue",
        **retained(),
        "Properties": {
            "QueueName": settings.queue(market),
            "FifoQueue": True,
            "ContentBasedDeduplication": False,
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
            "VisibilityTimeout": QUEUE_VISIBILITY_S,
            "MessageRetentionPeriod": QUEUE_RETENTION_S,
            "SqsManagedSseEnabled": True,
        },
    }


def _shared() -> Template:
    """What no function owns alone."""
    return {
        **buckets.buckets(retained()),
        "Key": {
            "Type": "AWS::KMS::Key",
            **retained(),
            "Properties": {
                "Description": f"Secrets of {settings.STACK}: API secrets, TOTP seeds, personal data",
                "EnableKeyRotation": True,
                "KeyPolicy": _owner_decides(),
            },
        },
        "SigningKey": {
            "Type": "AWS::KMS::Key",
            **retained(),
            "Properties": {
                "Description": f"Signs the roots of balance snapshots of {settings.STACK}",
                "KeySpec": "ECC_NIST_P256",
                "KeyUsage": "SIGN_VERIFY",
                "KeyPolicy": _owner_decides(),
            },
        },
        "KeyAlias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": f"alias/{settings.STACK}", "TargetKeyId": {"Ref": "Key"}},
        },
        "DeadLetters": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": f"{settings.STACK}-dead-letters",
                "MessageRetentionPeriod": QUEUE_RETENTION_S,
                "SqsManagedSseEnabled": True,
            },
        },
        **alarms.of_dead_letters("DeadLetters", "dead-letters"),
    }


def _owner_decides() -> Template:
    """Whoever IAM lets; without this statement not even the account could ever change the key again."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }


def _parameters(values: Mapping[str, Any]) -> Template:
    texts = {
        "PublicUrl": "Origin that people reach, without a trailing slash; links in mails start with it",
        "PublicUrlV2": "The same for those who ask with exchangeVersion v2; empty: as PublicUrl",
        "MailSender": "The address, verified in SES, that mails come from",
        "DomainName": "A domain of its own for the API; needs a certificate",
        "CertificateArn": "The certificate of that domain, in this region; empty: no domain",
        "AlarmMail": "Who is written to when an alarm goes off; empty: nobody",
        "Coins": "What people can deposit, as JSON: asset, then network, account and kind of node",
    }
    numbers = {
        "RequestsPerSecond": "What the API lets through of everybody's requests together",
        "RequestsBurst": "How many of them at once",
        "RequestsPerAddress": "How many requests WAF lets one address make in five minutes; 0: no WAF",
        "LogDays": "How long logs are kept",
    }
    # CloudFormation knows no nested values.
    values = dict(values) | {"coins": json.dumps(values["coins"], separators=(",", ":"), sort_keys=True)}
    kinds = {**dict.fromkeys(texts, "String"), **dict.fromkeys(numbers, "Number")}
    return {
        name: {"Type": kinds[name], "Default": values[_snake(name)], "Description": description}
        for name, description in (texts | numbers).items()
    }


def _snake(name: str) -> str:
    """``PublicUrl`` → ``public_url``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _given(parameter: str) -> Template:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def retained() -> Template:
    """What holds data is never replaced; in production it also outlives its stack."""
    return {"DeletionPolicy": "Retain" if settings.STAGE == "prod" else "Delete", "UpdateReplacePolicy": "Retain"}


def dumps(template: Template) -> str:
    """The template as text; the same template gives the same text."""
    return json.dumps(template, indent=1, sort_keys=True) + "\n"
