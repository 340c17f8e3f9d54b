"""The exchange on this machine: the packaged template on an AWS emulator, behind a proxy. `make run`.

    PORT=8000 DEMO=1 python -m infra.local

Prints one line ``ready http://127.0.0.1:8000`` when it is; Ctrl-C or SIGTERM ends it and everything it started.
All data stays in `.local/` (or $EXCHANGE_LOCAL_DIR) and is there again at the next start. Tests start exchanges of
their own in folders of their own, see `Exchange`.
"""

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

import boto3

from infra import deploy, package
from infra.proxy import Proxy

ROOT = package.ROOT
EMULATOR_PYTHON = ROOT / ".venv-emulator/bin/python"
STAGE = "local"
#: The emulator takes this key for the account's root; it guards nothing, for it only listens on loopback.
ROOT_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "",
    "AWS_DEFAULT_REGION": "us-east-1",
}
PROBE_PATH = "/api/v2/time"
EMULATOR_START_S = 60
FIRST_ANSWER_S = 60
EMULATOR_STOP_S = 25
DEMO_STOP_S = 5
POLL_S = 0.1


class NotRunning(Exception):  # noqa: N818 - says what is the case
    """No local exchange runs, or it cannot; the text says what to do."""


def folder() -> Path:
    """Where the local exchange keeps everything."""
    return Path(os.environ.get("EXCHANGE_LOCAL_DIR", ROOT / ".local")).resolve()


def running(where: Path | None = None) -> dict[str, Any]:
    """What the exchange that runs in folder `where` says of itself: endpoint, url, pid. Raises `NotRunning`."""
    try:
        found: dict[str, Any] = json.loads(((where or folder()) / "running.json").read_text())
        os.kill(found["pid"], 0)
    except (OSError, ValueError):
        raise NotRunning("no local exchange is running: start one with `make run`") from None
    return found


def credentials(endpoint: str) -> dict[str, str]:
    """The environment with which boto3 finds the emulator."""
    return {**ROOT_CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}


class Exchange:
    """One exchange on this machine, with all it consists of below one folder. A context manager: leaving it ends it."""

    def __init__(self, where: Path, port: int = 0) -> None:
        self.folder = where.resolve()
        self.port = port
        self.url = ""
        self.endpoint = ""
        self.outputs: dict[str, str] = {}
        self.emulator: subprocess.Popen[bytes] | None = None
        self._demo: subprocess.Popen[bytes] | None = None
        self._proxy: Proxy | None = None
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Emulator, deployment (if anything changed), proxy; back when the API answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._claim()
        self.port = self.port or _free_port()
        _check_free(self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        emulator_port = self._start_emulator()
        self._note()
        self.deploy()
        self._proxy = Proxy(self.port, emulator_port, self.outputs["ApiId"])
        self._proxy.start()
        signal_usr1(self._reload)
        self._await_answer()

    def stop(self) -> None:
        """End everything that was started, in the order that loses nothing."""
        if self._demo is not None:
            _end(self._demo, DEMO_STOP_S)
        if self._proxy is not None:
            self._proxy.stop()
        if self.emulator is not None:
            _end(self.emulator, EMULATOR_STOP_S)
        self._demo = self._proxy = self.emulator = None
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        if self._lock is not None:
            (self.folder / "running.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def deploy(self) -> None:
        """Package and deploy, unless what is deployed already comes from the same sources."""
        with _environment(credentials(self.endpoint)):
            coins = _coins()
            mark = package.fingerprint(self.url, coins)
            note = self.folder / "deployed.json"
            known = json.loads(note.read_text()) if note.exists() else {}
            if known.get("fingerprint") == mark and _deployed():
                self.outputs = known["outputs"]
                return
            note.unlink(missing_ok=True)
            _say("packaging …")
            build = _package()
            _say("deploying …")
            parameters = {"PublicUrl": self.url, "Coins": coins}
            self.outputs = deploy.deploy(STAGE, build, parameters, quiet=True, poll_s=POLL_S)
            _teach_gateway(self.outputs["ApiId"], build)
            # Whoever owns the address has to confirm it; here that is us.
            boto3.client("ses").verify_email_identity(EmailAddress=self.outputs["MailSender"])
            note.write_text(json.dumps({"fingerprint": mark, "outputs": self.outputs}))

    def start_demo(self) -> None:
        """Start the demo traders; they end when this process does."""
        environment = {**os.environ, "EXCHANGE_LOCAL_DIR": str(self.folder)}
        self._demo = _child([sys.executable, "-m", "infra.demo"], ROOT, environment, self.folder / "demo.log")

    def _claim(self) -> None:
        """Two emulators on one state would ruin it."""
        lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise NotRunning(f"an exchange runs already in {self.folder}") from None
        self._lock = lock

    def _start_emulator(self) -> int:
        if not EMULATOR_PYTHON.exists():
            raise NotRunning("the emulator is not installed: run `make setup`")
        state, temporary = self.folder / "state", self.folder / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        if (state / "running").exists():
            _say("the last run did not end in good order: going back to its last checkpoint")
        port = _free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        settings = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AUTH": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "s3"),
            "TMPDIR": str(temporary),
            "LOG_LEVEL": os.environ.get("LOCAL_LOG_LEVEL", "INFO"),
            "PYTHONWARNINGS": "ignore",
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        self.emulator = _child(
            [str(EMULATOR_PYTHON), str(ROOT / "infra/emulator.py")],
            self.folder,
            {**clean, **ROOT_CREDENTIALS, **settings},
            self.folder / "emulator.log",
        )
        deadline = time.monotonic() + EMULATOR_START_S
        while time.monotonic() < deadline:
            if self.emulator.poll() is not None:
                break
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                urllib.request.urlopen(f"{self.endpoint}/_ministack/ready", timeout=5),  # noqa: S310 - ours
            ):
                return port
            time.sleep(POLL_S)
        raise NotRunning(f"the emulator did not start; see {self.folder}/emulator.log")

    def _note(self) -> None:
        """Leave word where we are, for `infra.ops` and `make redeploy`."""
        assert self.emulator is not None
        note = {"pid": os.getpid(), "emulator_pid": self.emulator.pid, "endpoint": self.endpoint, "url": self.url}
        (self.folder / "running.json").write_text(json.dumps(note))

    def _reload(self) -> None:
        """A redeployment may have replaced the API: take its new id."""
        outputs = json.loads((self.folder / "deployed.json").read_text())["outputs"]
        if self._proxy is not None:
            self._proxy.api = outputs["ApiId"]

    def _await_answer(self) -> None:
        deadline = time.monotonic() + FIRST_ANSWER_S
        last = ""
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(self.url + PROBE_PATH, timeout=15):  # noqa: S310 - ours
                    return
            except urllib.error.HTTPError as error:
                with error:
                    last = f"{error.code} {error.read()[:500]!r}"
            except OSError as error:
                last = str(error)
            time.sleep(POLL_S)
        raise NotRunning(f"no answer from {self.url}{PROBE_PATH}: {last}; see {self.folder}/emulator.log")


def _say(text: str) -> None:
    """Progress goes to standard error; standard output has the one line that other programs wait for."""
    print(text, file=sys.stderr, flush=True)


def redeploy() -> None:
    """Bring new code to the exchange that runs in `folder()`; its data stays."""
    where = folder()
    found = running(where)
    exchange = Exchange(where)
    exchange.url, exchange.endpoint = found["url"], found["endpoint"]
    exchange.deploy()
    os.kill(found["pid"], signal.SIGUSR1)


def signal_usr1(act: Any) -> None:  # noqa: ANN401 - a function without arguments
    """Have SIGUSR1 call `act`, where signals may be had at all."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, lambda *_: act())


def _coins() -> str:
    """What people can deposit, as the stage says; COINS in the environment says otherwise of the coins that it names."""
    stage = tomllib.loads((ROOT / "infra/stages.toml").read_text())[STAGE]
    return json.dumps(stage["coins"] | json.loads(os.environ.get("COINS") or "{}"), separators=(",", ":"))


def _package() -> Path:
    """Package in a process of its own, which reads the stage's names from its environment."""
    command = [sys.executable, "-m", "infra.package", "--stage", STAGE]
    clean = {name: value for name, value in os.environ.items() if name not in {"STAGE", "STACK", "ENDPOINT_GROUP"}}
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        raise deploy.DeploymentFailed(done.stderr)
    return package.BUILD / STAGE


def _deployed() -> bool:
    """Whether the emulator still has the stack, as it should after a restart."""
    cloudformation = boto3.client("cloudformation")
    try:
        status = cloudformation.describe_stacks(StackName=f"exchange-{STAGE}")["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError:
        return False
    return status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def _teach_gateway(api: str, build: Path) -> None:
    """The emulator's import of an API skips gateway responses: bring them by the other way, and deploy once more."""
    template = json.loads((build / "template.json").read_text())
    document = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    gateway = boto3.client("apigateway")
    for kind, response in document["x-amazon-apigateway-gateway-responses"].items():
        status = {"statusCode": response["statusCode"]} if "statusCode" in response else {}
        gateway.put_gateway_response(
            restApiId=api,
            responseType=kind,
            responseParameters=response["responseParameters"],
            responseTemplates=response["responseTemplates"],
            **status,
        )
    gateway.create_deployment(restApiId=api, stageName="api")


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for a while: boto3 reads them when it makes a client."""
    before = {name: os.environ.get(name) for name in (*values, "AWS_PROFILE")}
    os.environ.update(values)
    os.environ.pop("AWS_PROFILE", None)
    boto3.setup_default_session()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _child(command: list[str], where: Path, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program that is told to end, and ends too when this process is gone."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=where,
            env=environment,
            stdin=subprocess.PIPE,  # closes when we end, however that happens
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is for us; the child is told in its turn
        )


def _end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """End a child of ours and what it started, in good order if it can: closing its standard input tells it."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # its session: the Lambda workers, should one have stayed


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _check_free(port: int) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError:
        raise NotRunning(f"port {port} is in use: choose another one with PORT=…") from None


def _catches_interrupt(process: int) -> bool:
    """Whether a process has a handler for SIGINT, as far as Linux tells; False elsewhere."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) & 1 << (signal.SIGINT - 1))


def main() -> int:
    """Run until told to end."""
    ending = threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if ending.is_set():
            return  # once is enough: the second Ctrl-C must not break off the saving
        ending.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    try:
        with Exchange(folder(), int(os.environ.get("PORT", "8000"))) as exchange:
            if os.environ.get("DEMO", "1") != "0":
                exchange.start_demo()
            print(f"ready {exchange.url}", flush=True)
            assert exchange.emulator is not None
            parent, catches = os.getppid(), _catches_interrupt(os.getppid())
            while exchange.emulator.poll() is None:
                time.sleep(0.5)
                # `make` passes SIGTERM on, but not that it was killed or interrupted alone (a Ctrl-C reaches us too):
                # interrupted, it just stops catching and waits for us.
                gone = os.getppid() != parent or (catches and not _catches_interrupt(parent))
                if gone and "MAKELEVEL" in os.environ:
                    return 0
            print(f"the emulator ended; see {exchange.folder}/emulator.log", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        return 0
    except (NotRunning, deploy.DeploymentFailed) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
