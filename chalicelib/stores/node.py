"""A full node of a coin of Bitcoin's family, by JSON-RPC: its chain, and its wallet, which holds what payouts are made of.

Where a node is and by which password it answers stands in a parameter of its own, encrypted (SSM, ``/<stack>/nodes/<asset>``):
``{"node": "https://user:password@host:8332/", "wallet": "https://user:password@host:8332/wallet/hot"}``. Its kind says in
which words it is spoken to; kinds differ by the table `KINDS` alone.

What a node says is not believed further than it must be: `services.custody` checks its network, and every transaction
that its wallet has signed. An answer that does not come in time is `Down`: nobody knows what it did.
"""

import base64
import http.client
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from chalicelib import settings
from chalicelib.core.money import from_decimal
from chalicelib.stores import aws

TIMEOUT_S: Final = 8
#: A full block of Bitcoin with all its transactions is some 12 MB of JSON.
ANSWER_BYTES_MAX: Final = 48 * 1024 * 1024
#: What a key's hash is paid by: OP_DUP OP_HASH160 <20 bytes> OP_EQUALVERIFY OP_CHECKSIG.
_P2PKH: Final = ("76a914", "88ac")
#: The wallet of bcoin that payouts come from.
_BCOIN_WALLET: Final = "primary"

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of node is spoken to, as far as they differ.

    `whole_block`: what makes ``getblock`` answer with whole transactions; `estimate`: the field of ``estimatesmartfee``;
    `sign`: the wallet's call that signs, or "" for bcoin's own way.
    """

    whole_block: tuple[object, ...]
    estimate: str
    sign: str


KINDS: Final[Mapping[str, Kind]] = {
    "core": Kind((2,), "feerate", "signrawtransactionwithwallet"),
    "bcoin": Kind((True, True), "fee", ""),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is. `wallet` is where its wallet answers."""

    node: str
    wallet: str


@dataclass(frozen=True, slots=True)
class Tip:
    """The end of a node's chain. `headers`: how far it knows that there is more; `time`: of its last block, ms since epoch."""

    height: int
    hash: str
    headers: int
    syncing: bool
    time: int


@dataclass(frozen=True, slots=True)
class Output:
    """One output. `amount` in 1e-8; `key_hash`: whose it is, if it pays the hash of a key; `script` in hexadecimal digits."""

    number: int
    amount: int
    script: str
    key_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction. `spends`: the outputs it spends, as ``txid:number``; none for what a miner made."""

    txid: str
    spends: tuple[str, ...]
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One block with its transactions."""

    hash: str
    previous: str
    height: int
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Coin:
    """An output that the wallet can spend: ``txid:number``, 1e-8."""

    outpoint: str
    amount: int
    address: str
    confirmations: int


class Down(Exception):  # noqa: N818 - says what is the case
    """No answer, or none that could be read: whether the call did anything is not known."""


class Said(Exception):  # noqa: N818 - says what is the case
    """The node refused a call, in its own words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def _readable(read: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """An answer that has not the expected shape is as good as none."""

    @wraps(read)
    def reading(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return read(*args, **kwargs)
        except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            raise Down(f"{read.__name__}: {type(error).__name__}") from error

    return reading


def place(asset: str) -> Place | None:
    """Where the node of an asset is; None if it has none. Raises botocore's errors, and `ValueError` for a malformed one."""
    ssm = aws.client("ssm")
    try:
        answer = ssm.get_parameter(Name=f"/{settings.STACK}/nodes/{asset}", WithDecryption=True)
    except ssm.exceptions.ParameterNotFound:
        return None
    return _place(answer["Parameter"]["Value"])


def _place(text: str) -> Place:
    said = json.loads(text)
    found = Place(str(said["node"]), str(said["wallet"]))
    for url in (found.node, found.wallet):
        parts = urlsplit(url)
        # A password in clear text may only go as far as this machine.
        if parts.scheme != "https" and not (
            parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
        ):
            raise ValueError("a node has to be reached by https")
    return found


class Node:
    """A connection to a node; it lasts for one run."""

    def __init__(self, kind: str, place: Place) -> None:
        self.kind = KINDS[kind]
        self.place = place
        self._connections: dict[str, http.client.HTTPConnection] = {}

    # --- its chain ---

    @_readable
    def tip(self) -> Tip:
        """How far its chain goes."""
        info = self._call("getblockchaininfo")
        best = str(info["bestblockhash"])
        header = self._call("getblockheader", best)
        return Tip(
            int(info["blocks"]),
            best,
            int(info["headers"]),
            syncing=bool(info.get("initialblockdownload", False)),
            time=int(header["time"]) * 1000,
        )

    @_readable
    def block_hash(self, height: int) -> str | None:
        """The block of its chain at a height; None beyond its end."""
        try:
            return str(self._call("getblockhash", height))
        except Said as said:
            if said.code == _OUT_OF_RANGE:
                return None
            raise

    @_readable
    def block(self, block_hash: str) -> Block:
        """A block with all its transactions."""
        said = self._call("getblock", block_hash, *self.kind.whole_block)
        return Block(
            str(said["hash"]),
            str(said.get("previousblockhash") or ""),
            int(said["height"]),
            tuple(_transaction(one) for one in said["tx"]),
        )

    def waits(self, txid: str) -> bool:
        """Whether a transaction waits in its pool to be mined."""
        try:
            self._call("getmempoolentry", txid)
        except Said as said:
            if "not in mempool" in said.message:
                return False
            raise
        return True

    def send(self, raw: str) -> None:
        """Broadcast a signed transaction. The same bytes may be sent as often as one likes: they are one payment."""
        self._call("sendrawtransaction", raw)

    @_readable
    def fee_per_kb(self, blocks: int) -> int | None:
        """What it takes to be mined within so many blocks, 1e-8 per 1000 bytes; None when it cannot tell."""
        try:
            estimate = self._call("estimatesmartfee", blocks).get(self.kind.estimate)
        except Said:
            return None  # too new a chain, or too old a node
        return from_decimal(Decimal(estimate)) if estimate is not None and estimate > 0 else None

    # --- its wallet ---

    @_readable
    def coins(self) -> list[Coin]:
        """What its wallet can spend, unconfirmed change too."""
        return [
            Coin(
                f"{one['txid']}:{one['vout']}",
                from_decimal(one["amount"]),
                str(one.get("address") or ""),
                int(one["confirmations"]),
            )
            for one in self._call("listunspent", 0, wallet=True)
            if one.get("spendable", True)
        ]

    def change_address(self) -> str:
        """A new address of its wallet."""
        return str(self._call("getrawchangeaddress", wallet=True))

    @_readable
    def unsigned(self, spends: Sequence[str], pays: Mapping[str, int]) -> str:
        """A transaction that spends outputs (``txid:number``) and pays amounts (1e-8) to addresses, in this order."""
        inputs = [{"txid": outpoint.split(":")[0], "vout": int(outpoint.split(":")[1])} for outpoint in spends]
        outputs = {address: Decimal(amount).scaleb(-8) for address, amount in pays.items()}
        return str(self._call("createrawtransaction", inputs, outputs))

    @_readable
    def signed(self, raw: str) -> str:
        """The transaction with its wallet's signatures. Raises `Said` when it cannot sign all of it."""
        if not self.kind.sign:
            return str(self._post(self.place.wallet, f"wallet/{_BCOIN_WALLET}/sign", {"tx": raw})["hex"])
        answer = self._call(self.kind.sign, raw, wallet=True)
        if not answer.get("complete"):
            raise Said(0, "the wallet lacks keys")
        return str(answer["hex"])

    @_readable
    def decoded(self, raw: str) -> Transaction:
        """What a transaction says."""
        return _transaction(self._call("decoderawtransaction", raw))

    # --- how it is asked ---

    def _call(self, method: str, *parameters: object, wallet: bool = False) -> Any:  # noqa: ANN401 - as the node answers
        question = {"jsonrpc": "1.0", "id": method, "method": method, "params": parameters}
        result = self._post(self.place.wallet if wallet else self.place.node, "", question).get("result")
        if result is None:
            raise Down(f"{method}: nothing")
        return result

    def _post(self, url: str, path: str, question: Mapping[str, object]) -> Any:  # noqa: ANN401 - as above
        parts = urlsplit(url)
        headers = {"Content-Type": "application/json"}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        try:
            connection = self._connections.get(parts.netloc) or self._connected(parts.netloc, url)
            connection.request("POST", (parts.path or "/") + path, _ENCODER.encode(question), headers)
            reply = connection.getresponse()
            body = reply.read(ANSWER_BYTES_MAX + 1)
            if len(body) > ANSWER_BYTES_MAX:
                raise Down("too long an answer")
            answer = json.loads(body, parse_float=Decimal)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if (broken := self._connections.pop(parts.netloc, None)) is not None:
                broken.close()
            # The address holds a password, and errors of http.client may quote it.
            raise Down(f"{question.get('method', path)}: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise Down("no object")
        if refusal := answer.get("error"):
            raise Said(int(refusal.get("code") or 0), str(refusal.get("message")))
        return answer

    def _connected(self, netloc: str, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection = (
            http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)
        )
        self._connections[netloc] = connection
        return connection

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()


#: RPC_INVALID_PARAMETER: so both kinds say that no block of theirs has a height.
_OUT_OF_RANGE: Final = -8


def _transaction(said: Mapping[str, Any]) -> Transaction:
    return Transaction(
        str(said["txid"]),
        tuple(f"{one['txid']}:{one['vout']}" for one in said["vin"] if one.get("txid")),
        tuple(_output(one) for one in said["vout"]),
    )


def _output(said: Mapping[str, Any]) -> Output:
    script = str(said["scriptPubKey"]["hex"])
    first, last = _P2PKH
    paid = len(script) == 50 and script.startswith(first) and script.endswith(last)
    return Output(int(said["n"]), from_decimal(said["value"]), script, bytes.fromhex(script[6:46]) if paid else None)
