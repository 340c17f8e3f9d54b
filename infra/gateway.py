"""API Gateway: which function serves a route, what it answers by itself, its limits, its log, its domain, its firewall."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib import settings
from chalicelib.api.coinport.errors import SPELLINGS
from chalicelib.core.reasons import Reason
from infra.grants import att

Template = dict[str, Any]

#: What the access log tells of a request. The path as the API declares it and no query, header or body: those hold tokens.
ACCESS_LOG = {
    "request": "$context.requestId",
    "at": "$context.requestTimeEpoch",
    "address": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "function_status": "$context.integration.status",
    "function_ms": "$context.integration.latency",
    "error": "$context.error.responseType",
    "trace": "$context.xrayTraceId",
}


#: Where a dialect of its own begins → the endpoint group that says, in its words, that there is no such url or method. Where
#: none is named API Gateway answers by itself, in coinport's envelope.
STRAYS = {
    "/draft": "draft-open",
    "/api/user": "broker",
    "/api/common": "broker",
    "/api/oauth2": "oauth",
    "/transaction": "ramp",
}


def split(document: Template, functions: Mapping[tuple[str, str], str], strays: Mapping[str, str]) -> None:
    """Point each route (path, method) at its function (a logical id), and what lies below the paths of `strays` and is no route
    at theirs; have API Gateway's own errors speak the envelope."""
    unseen = dict(functions)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            if integration["type"] == "mock":
                continue  # the answer to a CORS preflight
            logical = unseen.pop((path, method.upper()))
            integration["uri"] = _invocation(logical)
    assert not unseen, f"routes without an operation: {unseen}"
    for path, logical in strays.items():
        document["paths"][f"{path}/{{proxy+}}"] = _stray(logical)
    # The title is the API's name, by which CloudWatch tells the stages of one account apart.
    document["info"]["title"] = settings.STACK
    document["x-amazon-apigateway-gateway-responses"] = responses()


def _invocation(logical: str) -> Template:
    where = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
    return {"Fn::Sub": f"{where}${{{logical}.Arn}}/invocations"}


def _stray(logical: str) -> Template:
    """A path of whatever comes, also of a method that a route lacks."""
    return {
        "x-amazon-apigateway-any-method": {
            "parameters": [{"name": "proxy", "in": "path", "required": True, "type": "string"}],
            "responses": {},
            "x-amazon-apigateway-integration": {
                "uri": _invocation(logical),
                "httpMethod": "POST",
                "type": "aws_proxy",
                "passthroughBehavior": "when_no_match",
            },
        }
    }


def responses() -> Template:
    """What API Gateway itself answers, in the envelope of the documents; an error of ours (5xx) with its id in the logs."""
    return {
        kind: {
            **({"statusCode": status} if status else {}),
            "responseParameters": {
                "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
                "gatewayresponse.header.Cache-Control": "'no-store'",
            },
            "responseTemplates": {"application/json": _envelope(reason)},
        }
        for kind, status, reason in (
            # An unknown path or method looks to API Gateway like a request that lacks a signature.
            ("MISSING_AUTHENTICATION_TOKEN", "404", Reason.NO_SUCH_URL),
            ("RESOURCE_NOT_FOUND", "404", Reason.NO_SUCH_URL),
            ("THROTTLED", "429", Reason.TOO_OFTEN),
            ("QUOTA_EXCEEDED", "429", Reason.TOO_OFTEN),
            ("DEFAULT_4XX", None, Reason.PARAMETER_INVALID),
            ("DEFAULT_5XX", None, Reason.INTERNAL),  # also what stands for time-outs and dead functions
        )
    }


def _envelope(reason: Reason) -> str:
    """The answer's template: API Gateway fills in its variables, and only those."""
    spelling = SPELLINGS[reason]
    data = '{"correlation_id":"$context.requestId"}' if reason is Reason.INTERNAL else "null"
    message = json.dumps(spelling.zh)
    return f'{{"code":{spelling.code},"time":$context.requestTimeEpoch,"data":{data},"message":{message}}}'


def stage() -> Template:
    """Properties of the API's stage: how much it lets through, what it logs and traces."""
    return {
        "Name": settings.STACK,
        "TracingEnabled": True,
        "MethodSettings": [
            {
                "ResourcePath": "/*",
                "HttpMethod": "*",
                "ThrottlingRateLimit": {"Ref": "RequestsPerSecond"},
                "ThrottlingBurstLimit": {"Ref": "RequestsBurst"},
            }
        ],
        "AccessLogSetting": {
            "DestinationArn": att("AccessLogs", "Arn"),
            "Format": json.dumps(ACCESS_LOG, separators=(",", ":")),
        },
    }


def around() -> Template:
    """The access log, and what is there only if the stage asks for it: the domain, the firewall."""
    return {
        "AccessLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": f"/aws/apigateway/{settings.STACK}",
                "RetentionInDays": {"Ref": "LogDays"},
            },
        },
        # The right of API Gateway to write logs is a setting of the account, not of an API. Stages share it: it stays.
        "GatewayLogsRole": {
            "Type": "AWS::IAM::Role",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "apigateway.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "ManagedPolicyArns": [
                    {
                        "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                        "AmazonAPIGatewayPushToCloudWatchLogs"
                    }
                ],
            },
        },
        "GatewayAccount": {
            "Type": "AWS::ApiGateway::Account",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"CloudWatchRoleArn": att("GatewayLogsRole", "Arn")},
        },
        "Domain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": {"Ref": "DomainName"},
                "RegionalCertificateArn": {"Ref": "CertificateArn"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "DomainMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": {"Ref": "Domain"},
                "RestApiId": {"Ref": "RestAPI"},
                "Stage": {"Ref": "RestAPI.Stage"},
            },
        },
        "Firewall": {
            "Type": "AWS::WAFv2::WebACL",
            "Condition": "HasFirewall",
            "Properties": {
                "Name": settings.STACK,
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": _visibility("firewall"),
                "Rules": [
                    {
                        "Name": "requests-per-address",
                        "Priority": 1,
                        "Action": {"Block": {"CustomResponse": {"ResponseCode": 429}}},
                        "Statement": {
                            "RateBasedStatement": {
                                "Limit": {"Ref": "RequestsPerAddress"},
                                "EvaluationWindowSec": 300,
                                "AggregateKeyType": "IP",
                            }
                        },
                        "VisibilityConfig": _visibility("requests-per-address"),
                    }
                ],
            },
        },
        "FirewallOfApi": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Condition": "HasFirewall",
            "Properties": {
                "WebACLArn": att("Firewall", "Arn"),
                "ResourceArn": {
                    "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}/stages/${RestAPI.Stage}"
                },
            },
        },
    }


def _visibility(name: str) -> Template:
    return {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": True,
        "MetricName": f"{settings.STACK}-{name}",
    }
