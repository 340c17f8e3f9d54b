"""The template as a whole: what AWS would refuse, and what nobody should be able to do."""

import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from chalicelib import settings
from infra import alarms, resources, roles
from infra.package import ROOT

PUBLIC_ACTIONS = {"s3:PutBucketPolicy", "s3:PutObjectAcl", "lambda:AddPermission", "iam:PassRole"}


def of_type(template, kind):
    return {name: one for name, one in template["Resources"].items() if one["Type"] == kind}


@pytest.mark.parametrize("stage", ["local", "prod"])
def test_cfn_lint_has_nothing_to_say(drawn, stage, tmp_path):
    path = tmp_path / "template.json"
    path.write_text(json.dumps(drawn(stage)))
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_siblings_in_the_api_have_one_variable_name(document):
    # API Gateway allows one variable among the children of a resource; neither Chalice nor the emulator minds two.
    names = defaultdict(set)
    for path in document["paths"]:
        parts = path.strip("/").split("/")
        for depth, part in enumerate(parts):
            if part.startswith("{"):
                names["/".join(parts[:depth])].add(part)
    assert {parent: found for parent, found in names.items() if len(found) > 1} == {}


def test_every_route_leads_to_the_function_of_one_group(template, document):
    functions = of_type(template, "AWS::Serverless::Function")
    groups = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            if integration["type"] == "mock":
                continue
            (logical,) = re.findall(r"functions/\$\{(\w+)\.Arn\}/invocations", integration["uri"]["Fn::Sub"])
            variables = functions[logical]["Properties"]["Environment"]["Variables"]
            assert variables["ENDPOINT_GROUP"], (path, method)
            groups.add(variables["ENDPOINT_GROUP"])
            assert f"{logical}Permission" in template["Resources"]
    assert groups == set(resources.GROUP_MEMORY_MB)
    assert "APIHandler" not in functions


def test_every_function_has_its_own_role_log_and_alarm(template):
    functions = of_type(template, "AWS::Serverless::Function")
    roles = [one["Properties"]["Role"]["Fn::GetAtt"][0] for one in functions.values()]
    assert sorted([*roles, "GatewayLogsRole"]) == sorted(of_type(template, "AWS::IAM::Role"))
    assert len(set(roles)) == len(roles)
    for name, function in functions.items():
        assert {f"{name}Logs", f"{name}ErrorsAlarm", f"{name}ThrottlesAlarm"} <= set(template["Resources"])
        log = template["Resources"][f"{name}Logs"]["Properties"]
        assert log["LogGroupName"] == f"/aws/lambda/{function['Properties']['FunctionName']}"


def test_every_log_is_forgotten_some_day(template):
    for name, log in of_type(template, "AWS::Logs::LogGroup").items():
        assert log["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}, name
    assert template["Parameters"]["LogDays"]["Default"] > 0


def test_every_market_has_its_queue_matcher_and_alarm(template):
    for market in settings.exchange().markets:
        name = "Match" + "".join(part.capitalize() for part in market.split("-"))
        function = template["Resources"][name]["Properties"]
        assert function["Handler"] == f"chalicelib.workers.matching.match_{market.lower().replace('-', '_')}"
        (event,) = function["Events"].values()
        assert event["Properties"]["Queue"] == {"Fn::GetAtt": [f"{name}Queue", "Arn"]}
        assert event["Properties"]["BatchSize"] == 10
        queue = template["Resources"][f"{name}Queue"]["Properties"]
        assert queue["FifoQueue"]
        assert not queue["ContentBasedDeduplication"]
        assert "RedrivePolicy" not in queue, "a dead-letter queue lets later messages overtake"
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
        assert f"{name}QueueAgeAlarm" in template["Resources"]


def test_no_grant_is_wide_open(template):
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert "*" not in json.dumps(statement["Action"]), name
                assert not PUBLIC_ACTIONS & set(statement["Action"]), name
                if "*" in statement.get("Resource", ()):
                    assert set(statement["Action"]) <= set(roles.TRACING), f"{name}: AWS does scope this"


def test_only_lambda_and_the_gateway_take_on_roles(template):
    for name, role in of_type(template, "AWS::IAM::Role").items():
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        service = "apigateway" if name == "GatewayLogsRole" else "lambda"
        assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}


def test_nothing_is_public(template):
    assert not of_type(template, "AWS::S3::BucketPolicy")
    assert not of_type(template, "AWS::SQS::QueuePolicy")
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        properties = bucket["Properties"]
        assert all(properties["PublicAccessBlockConfiguration"].values())
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["BucketEncryption"]
        assert properties["LifecycleConfiguration"]["Rules"]
    for queue in of_type(template, "AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"]


def test_the_archive_forgets_nothing_and_uploads_what_nobody_needs(template):
    archive, uploads = (template["Resources"][name]["Properties"] for name in ("Archive", "Uploads"))
    assert archive["VersioningConfiguration"] == {"Status": "Enabled"}
    assert not any("ExpirationInDays" in rule for rule in archive["LifecycleConfiguration"]["Rules"])
    assert "VersioningConfiguration" not in uploads, "what is removed is gone"
    rules = {rule["Id"]: rule for rule in uploads["LifecycleConfiguration"]["Rules"]}
    assert rules["forget-incoming"]["Prefix"] == "incoming/"
    assert rules["forget-unheld"]["TagFilters"] == [{"Key": "held", "Value": "no"}]
    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules.values() if "ExpirationInDays" in rule} == {
        "incoming/": 1,
        "kept/": 7,
    }


def test_files_reach_us_byte_for_byte(document):
    assert "multipart/form-data" in document["x-amazon-apigateway-binary-media-types"]


STATEFUL = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key")


@pytest.mark.parametrize("stage", ["local", "prod"])
def test_tables_are_recoverable_encrypted_and_paid_for_by_use(drawn, stage):
    tables = of_type(drawn(stage), "AWS::DynamoDB::Table")
    assert {"AccountsTable", "JournalTable", "OrdersTable", "TradesTable", "UsersTable"} <= set(tables)
    for table in tables.values():
        properties = table["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"] == {"SSEEnabled": True}


def test_in_production_what_holds_data_outlives_its_stack(drawn):
    template = drawn("prod")
    for kind in (*STATEFUL, "AWS::SQS::Queue"):
        for name, one in of_type(template, kind).items():
            if kind in STATEFUL or one["Properties"].get("FifoQueue"):
                assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("Retain", "Retain"), name
            if kind == "AWS::DynamoDB::Table":
                assert one["Properties"]["DeletionProtectionEnabled"], name


def test_a_stage_to_try_things_out_can_be_destroyed(drawn):
    template = drawn("dev")
    for kind in STATEFUL:
        for name, one in of_type(template, kind).items():
            assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("Delete", "Retain"), name
            assert not one["Properties"].get("DeletionProtectionEnabled"), name


@pytest.mark.parametrize("stage", ["local", "prod"])
def test_the_template_stays_within_cloudformations_limits(drawn, stage):
    template = drawn(stage)
    # The SAM transform makes a mapping, or a rule and a permission, of each event; and API, deployment and stage of the API.
    functions = of_type(template, "AWS::Serverless::Function").values()
    events = [event["Type"] for function in functions for event in function["Properties"].get("Events", {}).values()]
    count = len(template["Resources"]) + sum(1 if kind == "SQS" else 2 for kind in events) + 2
    of_one_market = 8  # function, role, log group, two alarms, queue, its alarm, mapping
    assert count + 10 * of_one_market <= 500, "no room for ten more markets: give markets a stack of their own"
    assert len(resources.dumps(template)) <= 1_000_000
    assert len(template["Parameters"]) <= 200
    assert len(template["Outputs"]) <= 200


def test_scheduled_functions_have_a_dead_letter_queue(template):
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        events = function["Properties"].get("Events", {})
        if any(event["Type"] == "Schedule" for event in events.values()):
            assert function["Properties"]["DeadLetterQueue"]["TargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}, (
                name
            )


def test_the_gateways_own_answers_are_the_envelope(document):
    responses = document["x-amazon-apigateway-gateway-responses"]
    assert {"MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(responses)
    messages = {1002: "超过流量上限", 1003: "系统内部错误", 1007: "不正确或多余的参数", 1012: "请求url不正确"}
    for kind, response in responses.items():
        text = response["responseTemplates"]["application/json"]
        assert text.isascii(), "CloudFormation has turned other letters into question marks"
        body = json.loads(text.replace("$context.requestTimeEpoch", "1"))
        # As API Gateway gives it to functions: the access log has it, and so has a function's crash.
        ours = kind == "DEFAULT_5XX"
        assert body["data"] == ({"correlation_id": "$context.requestId"} if ours else None), kind
        assert (body["code"] == 1003) == ours, kind
        assert body["message"] == messages[body["code"]]
        assert set(body) == {"code", "time", "data", "message"}
        assert response["responseParameters"]["gatewayresponse.header.Cache-Control"] == "'no-store'"


def test_every_metric_of_the_code_is_watched_and_every_watched_metric_is_counted(template):
    counted = set()
    for path in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"telemetry.alarm", "telemetry.count"}:
                assert isinstance(node.args[0], ast.Constant), f"{path}: name the metric where it is raised"
                counted.add(node.args[0].value)
    assert counted == set(alarms.METRICS) | set(alarms.FIGURES), "infra/alarms.py has a table of them"
    ours = [
        alarm["Properties"]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["Namespace"] == "exchange-local"
    ]
    assert {alarm["MetricName"] for alarm in ours} == set(alarms.METRICS)
    assert all(alarm["Dimensions"] == [] for alarm in ours), "telemetry counts a total without dimensions"


def test_every_alarm_reaches_the_topic_and_is_explained_to_operators(template):
    text = (ROOT / "docs/operations.md").read_text()
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}], name
        kind = alarms.kind(alarm["Properties"]["AlarmName"].removeprefix("exchange-local-"))
        assert f"| `{kind}` |" in text, f"docs/operations.md does not say what {kind} means"
    for row in re.findall(r"^\| `([^`]+)` \|", text.partition("## Alarms")[2], re.MULTILINE):
        names = [one["Properties"]["AlarmName"] for one in of_type(template, "AWS::CloudWatch::Alarm").values()]
        assert row in {alarms.kind(name.removeprefix("exchange-local-")) for name in names}, f"no such alarm: {row}"


def test_the_dashboard_is_valid_and_shows_every_market(template):
    (board,) = of_type(template, "AWS::CloudWatch::Dashboard").values()
    body = board["Properties"]["DashboardBody"]["Fn::Sub"]
    assert len(json.loads(body)["widgets"]) >= 8
    for market in settings.exchange().markets:
        assert f"orders-{market}.fifo" in body
    assert set(re.findall(r"\$\{(.*?)\}", body)) == {"AWS::Region"}


def test_the_api_is_regional_throttled_and_traced(template):
    api = template["Resources"]["RestAPI"]["Properties"]
    assert api["EndpointConfiguration"] == "REGIONAL"
    assert api["TracingEnabled"]
    (limits,) = api["MethodSettings"]
    assert (limits["ResourcePath"], limits["HttpMethod"]) == ("/*", "*")
    assert limits["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}


def test_the_access_log_holds_no_secret(template):
    api = template["Resources"]["RestAPI"]["Properties"]
    fields = set(json.loads(api["AccessLogSetting"]["Format"]).values())
    # No query string, no header, no path as it was asked for (a route's template says enough), no body.
    assert fields <= {
        *("$context.requestId", "$context.requestTimeEpoch", "$context.identity.sourceIp", "$context.httpMethod"),
        *("$context.resourcePath", "$context.status", "$context.responseLength", "$context.responseLatency"),
        *("$context.integration.status", "$context.integration.latency", "$context.error.responseType"),
        "$context.xrayTraceId",
    }


def test_domain_firewall_and_mails_are_there_only_when_asked_for(template):
    conditional = {name: one["Condition"] for name, one in template["Resources"].items() if "Condition" in one}
    assert conditional == {
        "AlarmMailSubscription": "HasAlarmMail",
        "Domain": "HasDomain",
        "DomainMapping": "HasDomain",
        "Firewall": "HasFirewall",
        "FirewallOfApi": "HasFirewall",
    }
    assert set(template["Conditions"]) == set(conditional.values())
