"""Reasons as this dialect spells them: those of `edge.spelling`, but for what the draft numbers otherwise (错误代码表)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from chalicelib.api.edge.spelling import SPELLINGS as SHARED
from chalicelib.api.edge.spelling import Spelling, message
from chalicelib.core.reasons import Reason

__all__ = ["SPELLINGS", "message"]

#: The draft's own numbers.
_CODES: Final = {Reason.INSUFFICIENT_FUNDS: 1008, Reason.BELOW_MINIMUM: 1009}


def _spelt(reason: Reason, shared: Spelling) -> Spelling:
    """认证失败: the draft promises HTTP 200 where others say 401."""
    return replace(shared, code=_CODES.get(reason, shared.code), status=200 if shared.status == 401 else shared.status)


SPELLINGS: Final[Mapping[Reason, Spelling]] = {reason: _spelt(reason, shared) for reason, shared in SHARED.items()}
