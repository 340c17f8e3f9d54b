"""The operators' command line: invokes the `ops` Lambda, which IAM guards.

    python -m infra.ops [--stage local|dev|prod] [--json] <verb> [--name value …]

    credit --uid 1000000001 --currency BTC --amount 1.5 [--txid …]    credit a deposit, once per txid (a coin's: TXID:OUTPUT)
    deposit list|show|approve|reject [--id …] [--reason …]            deposits that wait for somebody's word
    withdrawal list|show|approve|reject|paid [--id …] [--txid …]      withdrawals: see docs/operations.md
    audit [--owed-ms 0]                                               check the ledger; exit code 1 if it is wrong
    halt --market BTC-CNY, resume --market BTC-CNY                    stop taking a market's orders, start again
    chain list                                                        how far each block chain is followed
    chain rescan --currency BTC --height 800000                       read a chain again from a block on
    chain holdings --currency BTC                                     what lies on people's deposit addresses
    rebuild --market BTC-CNY                                          write a market's orders and trades anew
    rebuild-klines --market BTC-CNY                                   write a market's candles anew, to the end
    invoke sweep                                                      run a scheduled function now
    kyc list, kyc approve --uid …, kyc refuse --uid … --reason …      review real names
    ramp add-partner|set-rate|approve|bank-credit|release|paid …      the fiat ramp: see docs/operations.md
    messages --to somebody@example.com                                stage local: the mails and SMS that were sent

Other verbs, with any ``--name value``, are passed on as they are. The exit code is 0 only when it went well.
"""

import argparse
import json
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra import local
from infra.package import STAGES

#: Longer than any function lives; no repeats: what timed out may still be at work.
CONFIG = Config(read_timeout=120, retries={"total_max_attempts": 1})

#: How wide a bar of progress is.
BAR_CHARACTERS = 40

#: How long `messages` waits for the first one.
MESSAGES_WAIT_S = 5


class Failed(Exception):  # noqa: N818 - says what is the case
    """It did not go well; the text says why."""


class Operator:
    """The verbs, on one stage."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.endpoint = ""
        settings = {}
        if stage == "local":
            self.endpoint = local.running()["endpoint"]
            settings = {
                "endpoint_url": self.endpoint,
                "aws_access_key_id": local.ROOT_CREDENTIALS["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": local.ROOT_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                "region_name": local.ROOT_CREDENTIALS["AWS_DEFAULT_REGION"],
            }
        self._lambda = boto3.client("lambda", config=CONFIG, **settings)

    def run(self, verb: str, arguments: dict[str, str]) -> dict[str, Any]:
        """Run a verb of the `ops` Lambda. Raises `Failed` with its refusal."""
        answer = self._invoke("ops", {"verb": verb, **arguments})
        if not isinstance(answer, dict):
            raise Failed(f"ops answered {answer!r}")
        return answer

    def invoke(self, function: str) -> object:
        """Run a scheduled function as if its time had come; what it returned. Raises `Failed` with its error."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {
            "version": "0",
            "id": f"ops-{time.time_ns()}",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "",
            "region": "",
            "time": now,
            "resources": [],
            "detail": {},
        }
        return self._invoke(function, event)

    def messages(self, to: str) -> list[dict[str, Any]]:
        """Mails and SMS that the emulator's SES and SNS were given for an address or a number, oldest first."""
        if not self.endpoint:
            raise Failed("messages are kept on stage local only: elsewhere they are delivered")
        mails = self._kept("ses/messages")["messages"]
        found = [
            {
                "channel": "mail",
                "to": to,
                "at": mail["Timestamp"],
                "subject": mail["Subject"],
                "text": mail["BodyText"] or mail["BodyHtml"] or "",
            }
            for account in mails.values()
            for mail in account
            if to.lower() in {address.lower() for address in mail["To"]}
        ]
        for phone, sent in self._kept("sns/sms-messages")["sms_messages"].items():
            if _digits(phone) == _digits(to):
                found += [
                    {"channel": "sms", "to": phone, "at": one.get("Timestamp"), "text": one.get("Message", "")}
                    for one in sent
                ]
        return sorted(found, key=lambda message: str(message["at"]))

    def _invoke(self, function: str, payload: object) -> object:
        try:
            answer = self._lambda.invoke(
                FunctionName=f"exchange-{self.stage}-{function.replace('_', '-')}", Payload=json.dumps(payload)
            )
        except self._lambda.exceptions.ResourceNotFoundException as error:
            raise Failed(f"no function {function} on stage {self.stage}") from error
        text = answer["Payload"].read()
        if "FunctionError" in answer:
            raise Failed(text.decode())
        said = json.loads(text) if text else None
        if isinstance(said, dict) and "error" in said:
            raise Failed(json.dumps(said, ensure_ascii=False))
        return said

    def _kept(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/{path}", timeout=10) as answer:  # noqa: S310 - ours
            kept: dict[str, Any] = json.load(answer)
            return kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    kind = JsonParser if "--json" in words else argparse.ArgumentParser
    parser = kind(prog="python -m infra.ops", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=STAGES, default="local")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("verb")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="--name value")
    chosen = parser.parse_args(words)
    as_json = chosen.json or "--json" in chosen.rest
    rest = [word for word in chosen.rest if word != "--json"]
    try:
        answer = _run(Operator(chosen.stage), chosen.verb, rest)
    except (Failed, local.NotRunning) as error:
        return _complain(str(error), as_json=as_json)
    except (BotoCoreError, ClientError, OSError) as error:  # no region, no credentials, no right, nobody there
        return _complain(" ".join(str(error).split()), as_json=as_json)
    print(json.dumps(answer, ensure_ascii=False) if as_json else _readable(chosen.verb, answer))
    return int(chosen.verb == "audit" and isinstance(answer, dict) and bool(answer.get("violations")))


class JsonParser(argparse.ArgumentParser):
    """Complains of a wrong command line in a JSON document."""

    def error(self, message: str) -> NoReturn:
        """End with it."""
        _complain(message, as_json=True)
        sys.exit(2)


def _run(operator: Operator, verb: str, rest: Sequence[str]) -> object:
    if verb == "invoke":
        if len(rest) != 1:
            raise Failed("invoke which function? e.g. invoke sweep")
        return operator.invoke(rest[0])
    if rest and not rest[0].startswith("--"):  # a verb about several things: kyc approve, withdrawal list
        return operator.run(verb, {"action": rest[0], **_named(rest[1:])})
    named = _named(rest)
    if verb == "messages":
        if set(named) != {"to"}:
            raise Failed("messages --to <address or phone>")
        deadline = time.monotonic() + MESSAGES_WAIT_S
        while not (found := operator.messages(named["to"])) and time.monotonic() < deadline:
            time.sleep(0.2)  # the postman comes a moment after the request
        return found
    if verb in {"rebuild", "rebuild-klines"}:
        return _to_the_end(operator, verb, named)
    return operator.run(verb, named)


def _to_the_end(operator: Operator, verb: str, named: dict[str, str]) -> dict[str, Any]:
    """Ask for the parts of a long work until it is done, with a bar of how far it is."""
    while True:
        answer = operator.run(verb, named)
        if not {"seq", "last", "done"} <= set(answer):
            raise Failed(f"{verb} answered {answer!r}")
        part = answer["seq"] / max(answer["last"], 1) if not answer["done"] else 1
        bar = "#" * round(part * BAR_CHARACTERS)
        print(
            f"\r[{bar:<{BAR_CHARACTERS}}] {part:4.0%} {answer['seq']}/{answer['last']}",
            end="",
            file=sys.stderr,
            flush=True,
        )
        if answer["done"]:
            print(file=sys.stderr)
            return answer
        named = {**named, "since": str(answer["seq"])}


def _named(rest: Sequence[str]) -> dict[str, str]:
    """``--uid 1 --currency=BTC`` → ``{"uid": "1", "currency": "BTC"}``."""
    named: dict[str, str] = {}
    words = iter(rest)
    for word in words:
        name, separator, value = word.partition("=")
        if not name.startswith("--"):
            raise Failed(f"expected --name value, not {word!r}")
        if not separator:
            following = next(words, None)
            if following is None:
                raise Failed(f"{name} needs a value")
            value = following
        key = name.removeprefix("--").replace("-", "_")
        if key in named:
            raise Failed(f"{name} is there twice")
        named[key] = value
    return named


def _readable(verb: str, answer: object) -> str:
    if verb == "audit" and isinstance(answer, dict):
        checked = ", ".join(f"{count} {noun}" for noun, count in answer.get("checked", {}).items())
        violations = answer.get("violations", [])
        verdict = f"{len(violations)} violations" if violations else "no violation"
        return "\n".join([f"checked {checked}: {verdict}", *violations])
    if verb == "messages" and isinstance(answer, list):
        return "\n\n".join(
            f"{message['at']} {message['channel']} to {message['to']}: {message.get('subject', '')}\n{message['text']}"
            for message in answer
        )
    return json.dumps(answer, ensure_ascii=False, indent=2)


def _complain(text: str, *, as_json: bool) -> int:
    """Say what went wrong, as a document or for people; the exit code."""
    print(_failure(text) if as_json else text, file=sys.stdout if as_json else sys.stderr)
    return 1


def _failure(text: str) -> str:
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    return json.dumps(said if isinstance(said, dict) and "error" in said else {"error": text}, ensure_ascii=False)


def _digits(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isdigit()) or phone


if __name__ == "__main__":
    sys.exit(main())
