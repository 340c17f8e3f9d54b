"""Bitcoin Core's face on bcoin: the calls that custody makes, asked and answered in Core's words (version 22 and later).

Where the two differ is written down here once more, from Core's side: whole blocks by a number, addresses of outputs without
their list, refusals as HTTP 500, an estimate by another name, signing by a call of the wallet's that says whether it is
complete, and a transaction that is in the chain already refused.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

LOGIN = "Basic b3BlcmF0b3I6czNjcmV0"  # operator:s3cret
#: What Core knows of its own accord, below the path of a wallet too.
WALLET = frozenset({"listunspent", "getrawchangeaddress", "signrawtransactionwithwallet"})


class Core:
    """A server on loopback. `asked`: the calls that were made; `places` is what the exchange is told."""

    def __init__(self, chain, feerate=None):
        self.chain, self.feerate, self.asked = chain, feerate, set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = 401, b""
                if self.headers.get("Authorization") == LOGIN:
                    status, answer = outer.answer(self.path, json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        url = f"http://operator:s3cret@127.0.0.1:{self.server.server_port}/"
        self.places = json.dumps({"node": url, "wallet": f"{url}wallet/hot"})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, path, question):
        """HTTP status and body."""
        method, params = question["method"], question["params"]
        self.asked.add(method)
        if (method in WALLET) != (path == "/wallet/hot"):
            return _refused(-32601, "Method not found")
        try:
            result = getattr(self, f"_{method}", self._as_it_is)(method, params)
        except AssertionError as error:
            said = error.args[0]
            return _refused(said["code"], said["message"]) if isinstance(said, dict) else _refused(-1, str(said))
        return 200, json.dumps({"result": result, "error": None, "id": question["id"]}, default=float).encode()

    def _as_it_is(self, method, params):
        return self.chain.call(method, *params, wallet=method in WALLET)

    def _getblockchaininfo(self, method, params):
        return {**self.chain.call(method, *params), "initialblockdownload": False}

    def _getblock(self, method, params):
        block_hash, verbosity = params
        assert verbosity == 2, {"code": -8, "message": "verbosity"}
        block = self.chain.call(method, block_hash, True, True)
        block["tx"] = [_shown(one) for one in block["tx"]]
        return block

    def _decoderawtransaction(self, method, params):
        return _shown(self.chain.call(method, *params))

    def _estimatesmartfee(self, _method, _params):
        if self.feerate is None:
            return {"errors": ["Insufficient data or no feerate found"], "blocks": 2}
        return {"feerate": self.feerate, "blocks": 6}

    def _getmempoolentry(self, method, params):
        if params[0] not in self.chain.pool():
            raise AssertionError({"code": -5, "message": "Transaction not in mempool"})
        return self.chain.call(method, *params)

    def _signrawtransactionwithwallet(self, _method, params):
        return {"hex": self.chain._wallet("wallet/primary/sign", {"tx": params[0]})["hex"], "complete": True}

    def _sendrawtransaction(self, method, params):
        txid = self.chain.call("decoderawtransaction", *params)["txid"]
        if txid not in self.chain.pool():
            self.chain.call(method, *params)
            self.chain.arrives(txid)
        return txid


def _refused(code, message):
    return 500, json.dumps({"result": None, "error": {"code": code, "message": message}, "id": 1}).encode()


def _shown(transaction):
    """A transaction as Core shows it."""
    for output in transaction["vout"]:
        script = output["scriptPubKey"]
        addresses = script.pop("addresses")
        if addresses:
            script["address"] = addresses[0]
    return transaction
