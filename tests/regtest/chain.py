"""A real full node on a network of its own: bcoin in a process, on free ports of loopback, with its state in memory.

It plays everybody else: the miners, the payers, and the exchange's own node with its hot wallet. Its answers in these
tests come by the calls that custody does not make.
"""

import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from bip_utils import WifEncoder

from chalicelib.core.addresses import encoded
from tests.regtest import blocks, install

STARTS_S = 60
#: The first byte of a private key as this network writes it.
WIF = b"\x5a"
CALL_S = 20


class Regtest:
    """One node. `places` is what the exchange is told: where its chain and its wallet answer."""

    def __init__(self):
        install.ensure()
        self.folder = TemporaryDirectory(prefix="regtest-")
        ports = _free_ports(3)
        self.node, self.wallet = (f"http://127.0.0.1:{port}/" for port in ports[:2])
        self.places = json.dumps({"node": self.node, "wallet": self.wallet})
        flags = ["--network=regtest", "--memory", "--no-auth", "--listen=false", "--no-dns", "--workers=false"]
        flags += ["--log-console=false", "--log-file=false", "--wallet-no-auth", "--http-host=127.0.0.1"]
        flags += [f"--http-port={ports[0]}", f"--wallet-http-port={ports[1]}", f"--port={ports[2]}"]
        command = [*install.node(), "node_modules/bcoin/bin/node", f"--prefix={self.folder.name}", *flags]
        self.process = subprocess.Popen(
            command,
            cwd=install.FOLDER,
            env=install.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        #: Somebody else's address: what is mined there is out of reach of the hot wallet.
        self.elsewhere = encoded(60, b"elsewhere".ljust(20))
        self.raw = {}
        try:
            self._answering()
            self.rich()
        except BaseException:
            self.stop()
            raise

    def _answering(self):
        ends = time.monotonic() + STARTS_S
        while time.monotonic() < ends:
            assert self.process.poll() is None, "bcoin did not start"
            with suppress(OSError):
                self.call("getblockcount")
                self.call("getbalance", wallet=True)
                return
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        raise AssertionError("bcoin does not answer")

    def stop(self):
        """End the process by its id; whatever it does."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def call(self, method, *params, wallet=False):
        """A call of the node's, or of its wallet's."""
        body = json.dumps({"method": method, "params": params}, default=float).encode()
        request = urllib.request.Request(self.wallet if wallet else self.node, body)
        with urllib.request.urlopen(request, timeout=CALL_S) as answer:
            said = json.loads(answer.read(), parse_float=Decimal)
        assert not said["error"], said["error"]
        return said["result"]

    def mine(self, blocks=1, address=None):
        """Have blocks mined, to somebody else if not to `address`; their hashes. Wallets hear of it a moment later."""
        found = self.call("generatetoaddress", blocks, address or self.elsewhere)
        self._wallet_follows()
        return found

    def _wallet_follows(self):
        """Until the wallet has heard of the newest block: it is told, not asked."""
        height = self.call("getblockcount")
        self._until(lambda: self._wallet_height() >= height)

    def _wallet_height(self):
        """How far the wallet has followed; only its dump says so."""
        dump = Path(self.folder.name) / "dump"
        try:
            self.call("dumpwallet", str(dump), wallet=True)
        except AssertionError:
            return -1  # in the middle of a re-organisation it does not know itself
        return int(re.search(r"Best block at time of backup was (\d+)", dump.read_text())[1])

    def fund(self, coins=3, amount=10):
        """Give the hot wallet so many coins of an amount, confirmed."""
        for _ in range(coins):
            self.pay(self.hot(), amount)
        self.mine()

    def hot(self):
        """A new address of the hot wallet."""
        return self.call("getnewaddress", "default", wallet=True)

    def rich(self):
        """Somebody else's wallet, with what twelve blocks earned; it has to mature."""
        self._wallet("wallet/rich", {}, "PUT")
        self.mine(12, self._wallet("wallet/rich/address", {"account": "default"})["address"])
        self.mine(100)

    def pay(self, address, amount):
        """Somebody else pays; the transaction, once it waits to be mined."""
        sent = self._wallet("wallet/rich/send", self._order(address, amount))
        self.raw[sent["hash"]] = sent["tx"]
        self.arrives(sent["hash"])
        return sent["hash"]

    def again(self, txid):
        """Somebody else's node still has a payment and broadcasts it again."""
        self.call("sendrawtransaction", self.raw[txid])
        self.arrives(txid)

    def signed(self, address, amount):
        """A payment by somebody else that is only signed, not sent; it may spend what another one spends."""
        return self._wallet("wallet/rich/create", self._order(address, amount))["hex"]

    @staticmethod
    def _order(address, amount):
        units = int(Decimal(str(amount)) * 10**8)
        return {"rate": 10000, "outputs": [{"address": address, "value": units}]}

    def sweep(self, coin, key, address, fee="0.001"):
        """Whoever has the private `key` (32 bytes) of a coin's address moves it; the transaction, once it waits."""
        txid, number = coin.split(":")
        found = self.call("gettxout", txid, int(number))
        amount = Decimal(found["value"]) - Decimal(fee)
        raw = self.call("createrawtransaction", [{"txid": txid, "vout": int(number)}], {address: amount})
        spent = {
            "txid": txid,
            "vout": int(number),
            "scriptPubKey": found["scriptPubKey"]["hex"],
            "amount": found["value"],
        }
        signed = self.call("signrawtransaction", raw, [spent], [WifEncoder.Encode(key, WIF)])
        assert signed["complete"]
        moved = self.call("decoderawtransaction", signed["hex"])["txid"]
        self.raw[moved] = signed["hex"]
        self.again(moved)
        return moved

    def pool(self):
        """What waits to be mined."""
        return self.call("getrawmempool")

    def arrives(self, txid):
        """Until a transaction waits to be mined: bcoin takes one in after it has answered."""
        self._until(lambda: txid in self.pool())

    def replace(self, depth, more=1, transactions=()):
        """Replace the newest `depth` blocks by `depth` + `more` others: a longer chain, as another part of the network would
        have it. What stood in them waits again, unless one of `transactions` (in the first of the new blocks) forbids it."""
        height = self.call("getblockcount") - depth
        last = self.call("getblockheader", self.call("getblockhash", height))
        for number in range(depth + more):
            raw = blocks.block(last["hash"], height + number + 1, last["time"] + 1, transactions if number == 0 else ())
            said = self.call("submitblock", raw.hex())
            assert said is None, said
            last = {"hash": blocks.hash_of(raw), "time": last["time"] + 1}
        assert self.call("getbestblockhash") == last["hash"]
        self._wallet_follows()

    def paid(self, address, since=1):
        """What the chain pays to an address, by transaction: every block from `since` on is looked at."""
        found = {}
        for height in range(since, self.call("getblockcount") + 1):
            block = self.call("getblock", self.call("getblockhash", height), True, True)
            for transaction in block["tx"]:
                for output in transaction["vout"]:
                    if address in output["scriptPubKey"]["addresses"]:
                        found[transaction["txid"]] = found.get(transaction["txid"], 0) + Decimal(output["value"])
        return found

    def _until(self, holds):
        ends = time.monotonic() + CALL_S
        while not holds():
            assert time.monotonic() < ends, "it does not come to that"
            assert self.process.poll() is None
            time.sleep(0.005)

    def _wallet(self, path, body, method="POST"):
        request = urllib.request.Request(self.wallet + path, json.dumps(body).encode(), method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=CALL_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read()) from None


def _free_ports(count):
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        first = one.getsockname()[1]
        if count == 1:
            return [first]
        return [first, *_free_ports(count - 1)]
