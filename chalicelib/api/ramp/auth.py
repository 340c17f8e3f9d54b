"""Who asks: the partner whose HMAC stands in the headers ``apiKey``, ``timestamp`` and ``sign`` (fiat-ramp, 签名认证)."""

from chalicelib.api.edge import json
from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.ramp import signing
from chalicelib.stores.ramp.partners import Partner


def authenticate(request: Request) -> Partner:
    """The partner who made a call. Raises `Refused`, see `services.ramp.signing.caller`.

    A GET signs its key and its time alone; anything else also the fields of its body, as text as they stand there.
    """
    return signing.caller(
        signing.Call(
            api_key=request.header("apikey") or "",
            timestamp=request.header("timestamp") or "",
            sign=request.header("sign") or "",
            fields=None if request.method == "GET" else json.texts(request.body),
        )
    )


def own(partner: Partner, source: str) -> str:
    """The source that a call names, which has to be the caller's. Raises `Refused` (FOREIGN_SOURCE)."""
    if source != partner.source:
        raise Refused(Reason.FOREIGN_SOURCE, "source")
    return source
