"""Reasons as this dialect spells them. What only other dialects refuse for is a parameter's fault here, in their words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.api.edge import spelling as shared
from chalicelib.api.edge.spelling import PARAMETER_CHARACTERS_MAX
from chalicelib.core.reasons import Reason, Refused

SUCCESS: Final = "000000"
PARAMETER: Final = "100001"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A code, an HTTP status, and a sentence in Chinese and English."""

    code: str
    zh: str
    en: str
    status: int = 200


_OWN: Final[Mapping[Reason, Spelling]] = {
    Reason.NO_SUCH_URL: Spelling(PARAMETER, "请求url不正确", "No such url", status=404),
    Reason.SIGNATURE_MISMATCH: Spelling("100002", "签名错误", "The signature does not match", status=401),
    Reason.TIMESTAMP: Spelling(
        "100003", "时间戳无效或已过期", "The timestamp is missing or more than five minutes off", status=401
    ),
    Reason.UNAUTHENTICATED: Spelling("100004", "apiKey无效", "The API key is missing or unknown", status=401),
    Reason.FOREIGN_SOURCE: Spelling("100005", "渠道来源不正确", "This is not your source", status=403),
    Reason.REPLAYED: Spelling("100006", "重复的请求", "This request was made before", status=401),
    Reason.TOO_OFTEN: Spelling("100029", "请求过于频繁", "Too many requests"),
    Reason.ORDER_NO_TAKEN: Spelling(
        "200001", "订单编号已被使用且内容不一致", "This order number stands for another order"
    ),
    Reason.NO_SUCH_ORDER: Spelling("200002", "订单不存在", "No such order"),
    Reason.KYC_REQUIRED: Spelling("200003", "用户未通过实名认证", "The account's identification has not been passed"),
    Reason.NO_SUCH_USER: Spelling("200003", "用户未通过实名认证", "The account's identification has not been passed"),
    Reason.ACCOUNT_UNUSABLE: Spelling("200003", "用户帐号不可用", "This account cannot be used"),
    Reason.WITHDRAWALS_FROZEN: Spelling(
        "200003", "安全设置变更后24小时内不能出金", "No coins may leave for 24 hours after a changed credential"
    ),
    Reason.NO_SUCH_CURRENCY: Spelling("200004", "不支持的法币类型", "Not a fiat currency of the ramp"),
    Reason.AMOUNT: Spelling("200005", "数量不正确", "Not a possible amount"),
    Reason.INSUFFICIENT_FUNDS: Spelling("200006", "余额不足", "Insufficient funds"),
    Reason.INTERNAL: Spelling("999999", "系统内部错误", "Internal error"),
    Reason.NOT_SENT: Spelling("999999", "系统内部错误", "Internal error"),
}

SPELLINGS: Final[Mapping[Reason, Spelling]] = {
    reason: _OWN.get(reason) or Spelling(PARAMETER, row.zh, row.en) for reason, row in shared.SPELLINGS.items()
}


def message(refused: Refused, language: str) -> str:
    """What a person is told: the sentence in their language, and the parameter's name where one is to blame."""
    spelling = SPELLINGS[refused.reason]
    sentence, colon = (spelling.en, ": ") if language == "en" else (spelling.zh, "：")
    if not refused.parameter:
        return sentence
    # The name may be the caller's own invention: kept short, and fit to be encoded.
    named = refused.parameter[:PARAMETER_CHARACTERS_MAX].encode("utf-8", "replace").decode()
    return f"{sentence}{colon}{named}"
