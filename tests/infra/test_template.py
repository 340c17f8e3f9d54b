"""The template as a whole: what AWS would refuse, and what nobody should be able to do."""

import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from chalicelib import settings
from infra.package import ROOT

PUBLIC_ACTIONS = {"s3:PutBucketPolicy", "s3:PutObjectAcl", "lambda:AddPermission", "iam:PassRole"}


def of_type(template, kind):
    return {name: one for name, one in template["Resources"].items() if one["Type"] == kind}


def test_cfn_lint_has_nothing_to_say(built):
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(built / "template.json")]
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
    assert groups == {"market", "identity", "trading", "wallet"}
    assert "APIHandler" not in functions


def test_every_function_has_its_own_role_log_and_alarm(template):
    functions = of_type(template, "AWS::Serverless::Function")
    roles = [one["Properties"]["Role"]["Fn::GetAtt"][0] for one in functions.values()]
    assert sorted(roles) == sorted(of_type(template, "AWS::IAM::Role"))
    assert len(set(roles)) == len(roles)
    for name in functions:
        assert {f"{name}Logs", f"{name}ErrorsAlarm"} <= set(template["Resources"])


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
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert "*" not in json.dumps(statement["Action"]), name
                assert not PUBLIC_ACTIONS & set(statement["Action"]), name
                assert "*" not in statement["Resource"], name


def test_nothing_is_public(template):
    assert not of_type(template, "AWS::S3::BucketPolicy")
    assert not of_type(template, "AWS::SQS::QueuePolicy")
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        properties = bucket["Properties"]
        assert all(properties["PublicAccessBlockConfiguration"].values())
        assert len(properties["PublicAccessBlockConfiguration"]) == 4
        assert properties["BucketEncryption"]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    for queue in of_type(template, "AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"]


def test_tables_are_kept_and_paid_for_by_use(template):
    tables = of_type(template, "AWS::DynamoDB::Table")
    assert {"AccountsTable", "JournalTable", "OrdersTable", "TradesTable", "UsersTable"} <= set(tables)
    for table in tables.values():
        properties = table["Properties"]
        assert table["DeletionPolicy"] == "Retain"
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["DeletionProtectionEnabled"]
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_scheduled_functions_have_a_dead_letter_queue(template):
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        events = function["Properties"].get("Events", {})
        if any(event["Type"] == "Schedule" for event in events.values()):
            assert function["Properties"]["DeadLetterQueue"]["TargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}, (
                name
            )


def test_the_gateways_own_answers_are_json_of_the_envelope(document):
    responses = document["x-amazon-apigateway-gateway-responses"]
    assert {"MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(responses)
    for response in responses.values():
        text = response["responseTemplates"]["application/json"].replace("$context.requestTimeEpoch", "1")
        assert set(json.loads(text)) == {"code", "time", "data"}


def test_every_metric_that_alarms_has_its_alarm(template):
    raised = set()
    for path in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "telemetry.alarm":
                assert isinstance(node.args[0], ast.Constant), f"{path}: name the metric where it is raised"
                raised.add(node.args[0].value)
    watched = {alarm["Properties"]["MetricName"] for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()}
    assert raised <= watched


def test_the_api_is_regional(template):
    api = template["Resources"]["RestAPI"]["Properties"]
    assert api["EndpointConfiguration"] == "REGIONAL"
