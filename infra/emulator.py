"""Starts ministack, the AWS emulator, with what it lacks. Runs in `.venv-emulator`, as a child of `infra.local`.

Differences from starting it plainly, each needed and noted in docs/decisions.md:
- it writes its state only when it ends in good order; here also now and then from a forked copy of itself, so that a
  crash costs seconds instead of everything;
- it ends when its parent does, and lets functions finish the batches they have in hand;
- after a restart, messages that were in hand at its end are visible at once: whoever had them is gone;
- new code for a function kills processes in the middle of an invocation; here they finish it, as on AWS;
- it files queues under the port it happens to listen on; here under a fixed one, so that another port finds them;
- it unpacks a function's code anew for each worker process, a second of work every time; here once per zip;
- it asks for `ses:SendEmail` on everything, AWS asks for it on the sender's identity;
- it tells nobody which rights were made use of; here a file does, for the test that no role has one too many;
- its gateway responses do not know `$context.requestTimeEpoch`, and a function that dies does not get one at all;
- it does not read off an OpenAPI document which bodies are to arrive byte for byte, and makes text of pictures.
"""

import hashlib
import json
import logging
import os
import re
import signal
import tempfile
import threading
import time
import types
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, persistence
from ministack.services import apigateway_v1, lambda_svc, sqs

CHECKPOINT_S = 10.0
#: A checkpoint may take this share of the time, so that a large state does not slow the exchange down.
CHECKPOINT_SHARE = 0.1
#: Logs and metrics grow without end and nothing reads them after a restart.
FORGOTTEN = {"cloudwatch", "cloudwatch_logs"}
SHUTDOWN_S = 20.0
#: How long batches in hand may take at the end.
BATCHES_S = 8.0
#: How long a function's process with an invocation in hand may live on after its code was replaced.
LAST_INVOCATION_S = 60.0
#: While this file stands beside the state, it was not written in good order.
UNCLEAN = "running"


def end_with_parent() -> None:
    """The parent holds the other end of our standard input: that it closes is how it tells us to end, or that it is gone.

    Batches that a function has in hand are finished first; cut off, they would wait for their visibility time-out in
    the next run.
    """
    while os.read(0, 1024):
        pass
    lambda_svc._poll_sqs = lambda: False
    deadline = time.monotonic() + BATCHES_S
    while lambda_svc._esm_inflight and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SHUTDOWN_S)
    os._exit(1)


def keep_state() -> None:
    """Write the state every `CHECKPOINT_S`, or less often if that takes long."""
    while True:
        started = time.monotonic()
        done = threading.Event()
        if app._MAIN_LOOP is not None:
            app._MAIN_LOOP.call_soon_threadsafe(checkpoint, done)
            done.wait(SHUTDOWN_S)
        took = time.monotonic() - started
        time.sleep(max(CHECKPOINT_S, took / CHECKPOINT_SHARE))


def checkpoint(done: threading.Event) -> None:
    """Fork a copy that writes the state. On the event loop's thread, where requests are served: no half-done change."""
    child = os.fork()
    if child == 0:
        logging.disable()
        signal.alarm(int(SHUTDOWN_S))  # a lock that another thread held is held for ever in this copy
        try:
            persistence.save_all(states())
        finally:
            os._exit(0)

    def reap() -> None:
        os.waitpid(child, 0)
        done.set()

    threading.Thread(target=reap, daemon=True).start()


def states() -> dict[str, Any]:
    """What is worth keeping, by service."""
    return {name: get for name, get in plain_states().items() if name not in FORGOTTEN}


plain_states = app._build_persistence_save_dict
plain_error = apigateway_v1._gateway_error_response


def gateway_error(error: Any, request: Any) -> Any:  # noqa: ANN401 - the emulator's own types
    """A gateway response with the one variable filled in that the emulator leaves as it stands."""
    status, headers, body = plain_error(error, request)
    now = str(time.time_ns() // 1_000_000).encode()
    return status, headers, body.replace(b"$context.requestTimeEpoch", now)


def import_api(document: Any, settings: Any = None) -> Any:  # noqa: ANN401 - the emulator's own types
    """Import an API with the media types that its document says are binary, and with its routes of any method."""
    binary = document.get("x-amazon-apigateway-binary-media-types")
    paths = {path: _with_every_method(item) for path, item in document["paths"].items()}
    more = {"binaryMediaTypes": binary} if binary else {}
    return plain_import_api({**document, "paths": paths}, {**(settings or {}), **more})


def _with_every_method(item: dict[str, Any]) -> dict[str, Any]:
    stray = item.get("x-amazon-apigateway-any-method")
    return {**dict.fromkeys(METHODS, stray), **item} if stray else item


#: What ANY stands for.
METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
plain_import_api = apigateway_v1._import_rest_api


def restore_queues(data: Any) -> None:  # noqa: ANN401 - the emulator's own types
    """Restore queues with no message in anybody's hands."""
    plain_restore_queues(data)
    for queue in sqs._queues._data.values():
        for message in queue["messages"]:
            if message.get("receive_count"):
                message["visible_at"] = 0


plain_restore_queues = sqs.load_persisted_state


def kill_workers(workers: Any) -> None:  # noqa: ANN401 - as above
    """Kill idle processes now, and busy ones when they have answered."""
    alive = [worker for worker in workers if worker is not None]
    busy = [worker for worker in alive if worker.in_use]
    plain_kill_workers([worker for worker in alive if not worker.in_use])

    def kill_when_idle() -> None:
        deadline = time.monotonic() + LAST_INVOCATION_S
        while any(worker.in_use for worker in busy) and time.monotonic() < deadline:
            time.sleep(0.05)
        plain_kill_workers(busy)

    if busy:
        threading.Thread(target=kill_when_idle, daemon=True).start()


plain_kill_workers = lambda_runtime.kill_workers


async def call_function(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the emulator's own types
    """Call an API function. One that died or timed out is API Gateway's error, and answered by its gateway response."""
    answer = await plain_call_function(*arguments, **named)
    if isinstance(answer, tuple) and answer[0] == BAD_GATEWAY:
        return apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")
    return answer


BAD_GATEWAY = 502
plain_call_function = apigateway_v1._invoke_lambda_proxy_v1


def mail_resource(method: str, path: str, body: bytes, region: str, account: str) -> str:
    """What a call of SES is about: of `SendEmail`, the identity that sends."""
    form = parse_qs(body.decode(errors="replace")) if path == "/" else {}
    if form.get("Action") == ["SendEmail"]:
        return f"arn:aws:ses:{region}:{account}:identity/{form['Source'][0]}"
    return str(plain_mail_resource(method, path, body, region, account))


plain_mail_resource = iam_actions._ses_v2_resource_arn


def resolve_principal(*arguments: Any) -> Any:  # noqa: ANN401 - the emulator's own types
    """Who calls; remember the policies, by which the decision about roles is known from that about resources."""
    principal = plain_resolve_principal(*arguments)
    IDENTITY[:] = [getattr(principal, "policies", None)]
    return principal


def evaluate(context: Any, policies: Any, *limits: Any) -> Any:  # noqa: ANN401 - as above
    """Decide on a call of a role, and note who called what on which resource, once each."""
    result = plain_evaluate(context, policies, *limits)
    if policies is not IDENTITY[0]:
        return result
    resource = OBJECT.sub(r"\1/*", context.resource_arn)
    call = (context.principal_arn.split("/")[1], context.action, resource, result.decision)
    if call not in CALLS and len(CALLS) < CALLS_MAX:
        CALLS.add(call)
        with Path(persistence.STATE_DIR).with_name(CALLS_FILE).open("a") as file:
            file.write(json.dumps(call) + "\n")
    return result


plain_resolve_principal = iam_evaluator.resolve_principal
plain_evaluate = iam_evaluator.evaluate
#: The policies of whoever calls right now: one request is authorised at a time.
IDENTITY: list[Any] = [None]
CALLS: set[tuple[str, str, str, str]] = set()
CALLS_MAX = 10_000
#: In the exchange's folder: JSON lines of (role, action, resource, decision).
CALLS_FILE = "calls.jsonl"
#: Objects are told apart by the first part of their key only.
OBJECT = re.compile(r"^(arn:aws:s3:::[^/]+/[^/]+)/.*$")


class SharedZip(zipfile.ZipFile):
    """A zip that is unpacked once, and then linked to: functions must not write to their code anyway."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:  # noqa: ANN401 - as its base
        """Put a link to the unpacked content in place of the empty folder `path`."""
        assert self.filename is not None
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir()) / f"code-{digest}"
        with UNPACKING:
            if not shared.exists():
                fresh = shared.with_suffix(".new")
                super().extractall(fresh, members, pwd)
                fresh.rename(shared)
        Path(path).rmdir()
        Path(path).symlink_to(shared)


UNPACKING = threading.Lock()


def main() -> None:
    """Serve until told to end."""
    app._build_persistence_save_dict = states
    apigateway_v1._gateway_error_response = gateway_error
    apigateway_v1._invoke_lambda_proxy_v1 = call_function
    apigateway_v1._import_rest_api = import_api
    iam_actions._ses_v2_resource_arn = mail_resource
    iam_evaluator.resolve_principal = resolve_principal
    iam_evaluator.evaluate = evaluate
    lambda_runtime.kill_workers = kill_workers
    sqs.load_persisted_state = restore_queues
    lambda_runtime.zipfile = types.SimpleNamespace(ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile)
    sqs.DEFAULT_PORT = "4566"
    sqs._CANONICAL_NETLOC = f"{sqs.DEFAULT_HOST}:4566"
    marker = Path(persistence.STATE_DIR) / UNCLEAN
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    for work in (end_with_parent, keep_state):
        threading.Thread(target=work, daemon=True).start()
    try:
        app.main()
    except SystemExit:
        pass
    else:
        marker.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
