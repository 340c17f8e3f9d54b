"""The only reader of the environment and of `exchange.toml`."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.core.markets import Custody, Exchange, Network, custodies, parse

if TYPE_CHECKING:
    from chalicelib.core.external import Source

STAGE = os.environ.get("STAGE", "test")
#: Every resource of a deployment is named after its stack, so that stages can share an AWS account.
STACK = os.environ.get("STACK", f"exchange-{STAGE}")
#: The endpoint group that this Lambda serves; empty means all of them (packaging, tests).
ENDPOINT_GROUP = os.environ.get("ENDPOINT_GROUP", "")
#: Where the queues live, up to and including the last slash: the queue's name completes the URL without a call.
QUEUE_URL_BASE = os.environ.get("QUEUE_URL_BASE", "https://sqs.us-east-1.amazonaws.com/123456789012/")
#: Mails and text messages on their way out.
MAIL_QUEUE = f"{STACK}-mail"
MAIL_QUEUE_URL = QUEUE_URL_BASE + MAIL_QUEUE
BUCKET = os.environ.get("BUCKET", f"{STACK}-archive")
#: What people upload, apart from all else: other rights, no versions, its own rules of forgetting.
UPLOADS_BUCKET = os.environ.get("UPLOADS_BUCKET", f"{STACK}-uploads")
KMS_KEY = os.environ.get("KMS_KEY", f"alias/{STACK}")
#: The key that signs the roots of balance snapshots; people check its signatures, so it signs nothing else.
SIGNING_KEY = os.environ.get("SIGNING_KEY", f"alias/{STACK}-signing")
MAIL_SENDER = os.environ.get("MAIL_SENDER", "no-reply@coinport.com")
#: Where Geetest checks what its captcha's widget gave.
GEETEST_URL = os.environ.get("GEETEST_URL", "https://gcaptcha4.geetest.com/validate")
#: Origin that people reach, without a trailing slash: links in mails start with it.
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000")
#: The same for those who register with exchangeVersion "v2" (coinport: x.coinport.com).
PUBLIC_URL_V2 = os.environ.get("PUBLIC_URL_V2") or PUBLIC_URL

EXCHANGE_FILE = Path(__file__).parent / "exchange.toml"


def table(noun: str) -> str:
    """The name of a DynamoDB table: ``exchange-prod-accounts``."""
    return f"{STACK}-{noun}"


def queue(market: str) -> str:
    """The name of a market's queue: ``exchange-prod-orders-BTC-CNY.fifo``."""
    return f"{STACK}-orders-{market}.fifo"


def queue_url(market: str) -> str:
    """The URL of a market's queue."""
    return QUEUE_URL_BASE + queue(market)


@cache
def external_sources() -> "tuple[Source, ...]":
    """The other exchanges whose tickers are shown, as configured."""
    from chalicelib.core.external import sources  # one worker and one group need it, and it needs the candles

    return sources(_document())


@cache
def exchange() -> Exchange:
    """Assets and markets as configured."""
    return parse(_document())


@cache
def custody() -> Mapping[str, Custody]:
    """asset → how this stage keeps it, as `infra/stages.toml` says; assets that are left out give out no addresses."""
    return custodies(json.loads(os.environ.get("CUSTODY") or "{}"), exchange())


def network(asset: str) -> Network:
    """The network of a coin of Bitcoin's family that this stage is on."""
    one = custody().get(asset)
    return exchange().assets[asset].networks["main" if one is None else one.network]


def _document() -> dict[str, Any]:
    import tomllib  # its patterns are compiled when it is imported, and a cold start can do without until the first request

    return tomllib.loads(EXCHANGE_FILE.read_text())
