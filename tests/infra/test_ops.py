"""The operators' command line: what it says, how it ends, and that a program can read it."""

import io
import json

import botocore.exceptions
import pytest

from infra import local, ops


class Lambdas:
    """Stands for boto3's client: answers with what each function is to return, or raises it."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        class ResourceNotFoundException(Exception):  # noqa: N818 - as above
            pass

    def __init__(self):
        self.returns = {}
        self.asked = []

    def invoke(self, FunctionName, Payload):  # noqa: N803 - as boto3 calls them
        self.asked.append((FunctionName, json.loads(Payload)))
        answer = self.returns.get(FunctionName.rpartition("-")[2])
        if isinstance(answer, Exception):
            raise answer
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def lambdas(monkeypatch):
    lambdas = Lambdas()
    monkeypatch.setattr(ops.boto3, "client", lambda *_, **__: lambdas)
    monkeypatch.setattr(local, "running", lambda: {"endpoint": "http://127.0.0.1:1"})
    return lambdas


@pytest.fixture
def run(capsys):
    """The exit code, and the one document that was printed."""

    def run(*arguments):
        code = ops.main(["--json", *arguments])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_a_function_that_went_well(lambdas, run):
    lambdas.returns["sweep"] = {"swept": 1}
    assert run("invoke", "sweep") == (0, {"swept": 1})


def test_a_function_that_returns_an_error_did_not_go_well(lambdas, run):
    lambdas.returns["sweep"] = {"error": "no such thing", "at": 1}
    assert run("invoke", "sweep") == (1, {"error": "no such thing", "at": 1})


def test_an_audit_with_violations_did_not_go_well(lambdas, run):
    lambdas.returns["ops"] = {"violations": ["BTC"], "checked": {}}
    assert run("audit") == (1, {"violations": ["BTC"], "checked": {}})


@pytest.mark.parametrize("again", [["--uid", "2"], ["--uid=1"]])
@pytest.mark.parametrize("verb", [["credit"], ["kyc", "approve"]])
def test_of_two_values_none_is_chosen(lambdas, run, verb, again):
    code, answer = run(*verb, "--uid", "1", *again)
    assert (code, lambdas.asked) == (1, [])
    assert "--uid" in answer["error"]


ERRORS = [
    botocore.exceptions.NoRegionError(),
    botocore.exceptions.NoCredentialsError(),
    botocore.exceptions.EndpointConnectionError(endpoint_url="http://x"),
    botocore.exceptions.ClientError({"Error": {"Code": "AccessDenied", "Message": "not\nyou"}}, "Invoke"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("when", ["client", "call"])
def test_what_aws_refuses_is_told_in_a_line(lambdas, run, capsys, monkeypatch, error, when):
    lambdas.returns["ops"] = error
    if when == "client":

        def refuse(*_, **__):
            raise error

        monkeypatch.setattr(ops.boto3, "client", refuse)
    code, answer = run("audit")
    assert (code, list(answer)) == (1, ["error"])
    assert ops.main(["audit"]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", answer["error"] + "\n")
    assert "\n" not in answer["error"]


def test_an_emulator_that_is_gone_is_told_in_a_line(lambdas, run):
    code, answer = run("messages", "--to", "a@example.com")
    assert (code, list(answer)) == (1, ["error"])


@pytest.mark.parametrize("arguments", [["--json"], ["--json", "--stage", "moon", "audit"]])
def test_a_wrong_command_line_is_a_document_too(lambdas, capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        ops.main(arguments)
    assert ended.value.code == 2
    assert list(json.loads(capsys.readouterr().out)) == ["error"]


def test_of_a_long_work_only_the_end_is_the_document(lambdas, run):
    lambdas.returns["ops"] = {"seq": 3, "last": 3, "done": True}
    assert run("rebuild", "--market", "BTC-CNY") == (0, {"seq": 3, "last": 3, "done": True})


def test_whatever_else_goes_wrong_is_a_document(lambdas, run):
    lambdas.returns["ops"] = {"unexpected": 1}
    code, answer = run("rebuild", "--market", "BTC-CNY")
    assert (code, list(answer)) == (1, ["error"])
