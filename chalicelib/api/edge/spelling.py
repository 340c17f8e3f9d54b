"""Reasons as the coinport dialects spell them: a code, an HTTP status and a sentence in Chinese and English. Total by test.

Each dialect's `errors.py` takes this table and says where it differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from chalicelib.core.reasons import Reason, Refused

PARAMETER_CHARACTERS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Spelling:
    """One row of the documents' table of errors, or of its continuation in our decisions."""

    code: int
    zh: str
    en: str
    status: int = 200


SPELLINGS: Final[Mapping[Reason, Spelling]] = {
    Reason.PARAMETER_MISSING: Spelling(1001, "缺少参数", "Missing parameter"),
    Reason.TOO_OFTEN: Spelling(1002, "超过流量上限", "Too many requests"),
    Reason.INTERNAL: Spelling(1003, "系统内部错误", "Internal error", status=500),
    Reason.NO_SUCH_USER: Spelling(1004, "用户不存在", "No such user"),
    Reason.ACCOUNT_UNUSABLE: Spelling(1005, "用户帐号不可用", "This account cannot be used"),
    Reason.SIGNATURE_MISMATCH: Spelling(1006, "签名不匹配", "The signature does not match", status=401),
    Reason.PARAMETER_INVALID: Spelling(1007, "不正确或多余的参数", "Wrong or superfluous parameter"),
    Reason.NO_SUCH_MARKET: Spelling(1010, "不支持的交易对", "No such market"),
    Reason.MARKET_HALTED: Spelling(1010, "交易对暂停交易", "This market is halted"),
    Reason.NO_SUCH_ORDER: Spelling(1011, "订单不存在", "No such order"),
    Reason.NO_SUCH_URL: Spelling(1012, "请求url不正确", "No such url", status=404),
    Reason.NO_SUCH_CURRENCY: Spelling(1013, "币种不存在", "No such currency"),
    Reason.UNAUTHENTICATED: Spelling(1014, "认证失败", "Authentication failed", status=401),
    Reason.PRICE_OUT_OF_RANGE: Spelling(2001, "价格超出范围", "The price is out of range"),
    Reason.INSUFFICIENT_FUNDS: Spelling(2002, "余额不足", "Insufficient funds"),
    Reason.BELOW_MINIMUM: Spelling(2003, "低于最小交易额", "Below the minimum"),
    Reason.TOO_MANY_OPEN_ORDERS: Spelling(2004, "未完成的订单过多", "Too many open orders"),
    Reason.NOT_BOUND: Spelling(8005, "未绑定提币地址", "No withdrawal address is bound"),
    Reason.TOO_MANY_API_TOKENS: Spelling(5001, "API Token数量已达上限", "Too many API tokens"),
    Reason.API_KEY_FORBIDDEN: Spelling(
        1014, "该API Key无权进行此操作", "This API key may not do this, or not from this address", status=401
    ),
    Reason.NO_SUCH_API_KEY: Spelling(1007, "API Key不存在", "No such API key"),
    Reason.KEY_TAG: Spelling(1007, "API Key标签不能为空", "The API key needs a tag"),
    Reason.IP_LIST: Spelling(1007, "IP白名单格式不正确", "Not a list of IPv4 addresses"),
    Reason.IP_LIST_LONG: Spelling(1007, "IP白名单最多5个地址", "At most five addresses"),
    Reason.WRONG_FACTOR: Spelling(1007, "二次验证方式不正确", "This is not the second factor asked for"),
    Reason.TRADE_PASSWORD_FORMAT: Spelling(9004, "资金密码须为6至20个字符", "A trade password has 6 to 20 characters"),
    Reason.TRADE_PASSWORD_SET: Spelling(1007, "资金密码已设置", "There is a trade password already"),
    Reason.TRADE_PASSWORD_UNSET: Spelling(1007, "资金密码未设置", "There is no trade password yet"),
    Reason.TRADE_PASSWORD_WRONG: Spelling(1014, "资金密码错误", "The trade password is wrong", status=401),
    Reason.TRADE_PASSWORD_LOCKED: Spelling(
        9013, "资金密码错误次数过多，已被锁定", "Locked after too many wrong trade passwords", status=401
    ),
    Reason.OAUTH_RESPONSE_TYPE: Spelling(1007, "授权类型不正确", "Not a response type"),
    Reason.OAUTH_CLIENT: Spelling(1014, "应用不存在或密钥错误", "Unknown application, or wrong secret", status=401),
    Reason.REDIRECT_URI: Spelling(1007, "回调地址不正确", "Not an address of this application"),
    Reason.OAUTH_SCOPE: Spelling(1007, "授权范围不正确", "Not a scope"),
    Reason.OAUTH_REQUEST: Spelling(9015, "授权请求无效或已过期", "This request for consent is unknown or has expired"),
    Reason.OAUTH_CODE: Spelling(9015, "授权码无效或已过期", "This authorization code is unknown or has expired"),
    Reason.OAUTH_CODE_USED: Spelling(9015, "授权码已被使用", "This authorization code was used before"),
    Reason.OAUTH_TOKEN: Spelling(
        1014, "访问令牌无效或已过期", "This access token is unknown or has expired", status=401
    ),
    Reason.TRANSFER_NOT_CANCELLABLE: Spelling(6001, "该充值提现已不能取消", "This transfer can no longer be cancelled"),
    Reason.NO_SUCH_TRANSFER: Spelling(6002, "充值提现记录不存在", "No such transfer"),
    Reason.NOT_YOURS: Spelling(6004, "该记录属于其他用户", "This is another person's"),
    Reason.WITHDRAWAL_ADDRESS: Spelling(8005, "提现地址不正确", "Not an address that can be paid"),
    Reason.EMAIL_FORMAT: Spelling(9003, "邮箱格式不正确", "Not an e-mail address"),
    Reason.PASSWORD_FORMAT: Spelling(9004, "密码格式不正确", "The password has the wrong format"),
    Reason.CODE_TOO_OFTEN: Spelling(9007, "验证码发送过于频繁", "Codes are asked for too often"),
    Reason.EMAIL_CODE: Spelling(9012, "邮箱验证码错误或已过期", "The e-mail code is wrong or has expired"),
    Reason.SMS_CODE: Spelling(9005, "短信验证码错误或已过期", "The SMS code is wrong or has expired"),
    Reason.MOBILE_UNVERIFIED: Spelling(9006, "手机未验证", "No verified mobile number"),
    Reason.EMAIL_UNVERIFIED: Spelling(9003, "未绑定邮箱", "No e-mail address is bound"),
    # What only the broker dialect gives rise to; the sentences are for all.
    Reason.LOGIN_FAILED: Spelling(1014, "账号或密码错误", "Wrong name or password", status=401),
    Reason.CROSS_SITE: Spelling(1014, "请求来源校验失败", "Another site's page, or no c_token", status=401),
    Reason.CAPTCHA: Spelling(1007, "人机验证失败", "The captcha was not solved"),
    Reason.NO_SUCH_REQUEST: Spelling(1007, "请求无效或已过期，请重新操作", "Unknown or expired; begin anew"),
    Reason.SPENT: Spelling(1002, "操作次数已达上限，请稍后再试", "Done too many times; try again later"),
    Reason.CODE_MISSING: Spelling(1001, "请输入验证码", "The code is missing"),
    Reason.COMMON_PASSWORD: Spelling(9004, "密码过于简单，请更换", "This password is too common"),
    Reason.PASSWORDS_DIFFER: Spelling(1007, "两次输入的密码不一致", "The two passwords differ"),
    Reason.PASSWORD_SET: Spelling(1007, "已设置登录密码", "There is a password already"),
    Reason.OLD_PASSWORD_MISSING: Spelling(1001, "请输入原密码", "The old password is missing"),
    Reason.OLD_PASSWORD: Spelling(1014, "原密码错误", "The old password is wrong", status=401),
    Reason.SAME_PASSWORD: Spelling(1007, "新密码不能与原密码相同", "The new password is the old one"),
    Reason.FIND_FAILED: Spelling(1014, "验证码错误或已过期", "The code is wrong or has expired", status=401),
    Reason.FIND_TOO_MANY: Spelling(1002, "找回密码过于频繁，请稍后再试", "Too many accounts; try again in an hour"),
    Reason.FIND_BY_MAIL: Spelling(1007, "请使用注册邮箱找回密码", "Use the e-mail address that you registered with"),
    Reason.FIND_BY_MOBILE: Spelling(1007, "请使用注册手机号找回密码", "Use the mobile number that you registered with"),
    Reason.ID_NUMBER: Spelling(1014, "证件号码不正确", "This is not the number of your document", status=401),
    Reason.FIND_RETIRED: Spelling(1007, "该接口已停用，请升级客户端", "This call is retired; update your app"),
    Reason.INVITE_CODE: Spelling(1007, "邀请码不存在", "No such invite code"),
    Reason.PHONE_FORMAT: Spelling(9009, "手机号格式不正确", "Not a mobile number"),
    Reason.TOTP_CODE: Spelling(9010, "Google验证码错误", "The Google Authenticator code is wrong"),
    Reason.TOTP_SECRET: Spelling(
        9011, "Google验证密钥不匹配", "This is not the Google Authenticator secret last issued"
    ),
    Reason.TOTP_BOUND: Spelling(9011, "Google验证已绑定", "Google Authenticator is bound already"),
    Reason.TOTP_UNBOUND: Spelling(9011, "Google验证未绑定", "Google Authenticator is not bound"),
    Reason.NOT_SENT: Spelling(1003, "消息发送失败，请一分钟后重试", "Not sent; try again in a minute", status=500),
    Reason.WITHDRAWALS_FROZEN: Spelling(
        1005, "安全设置变更后24小时内不能提现", "No withdrawals for 24 hours after this change"
    ),
    Reason.KYC_STANDING: Spelling(1007, "实名认证审核中或已通过", "The real name is under review or approved"),
    Reason.ID_IN_USE: Spelling(1007, "该证件已被使用", "This document is in use"),
    Reason.ID_CARD_NEEDED: Spelling(1007, "中国公民请使用身份证", "Citizens of China use their ID card"),
    Reason.ID_CHECKSUM: Spelling(1007, "身份证号码不正确", "Not the number of an ID card"),
    Reason.ID_DISAGREES: Spelling(1007, "信息与身份证号码不一致", "The number of the ID card says otherwise"),
    Reason.TOO_MANY_BANK_CARDS: Spelling(1007, "银行卡数量已达上限", "Too many bank cards"),
    Reason.BANK_CARD_KNOWN: Spelling(1007, "该银行卡已绑定", "This bank card is bound already"),
    Reason.UPLOAD_INVALID: Spelling(1007, "文件无法识别", "Not a file that can be taken"),
    Reason.UPLOAD_TOO_LARGE: Spelling(1007, "文件过大", "The file is too large"),
    Reason.TIMESTAMP: Spelling(1007, "时间戳无效或已过期", "The timestamp is too far from our clock"),
    Reason.REPLAYED: Spelling(1007, "重复的请求", "This request was made before"),
    Reason.FOREIGN_SOURCE: Spelling(1007, "渠道来源与API Key不符", "Another's source"),
    Reason.ORDER_NO_TAKEN: Spelling(1007, "订单编号已被使用", "This order number is taken"),
    Reason.KYC_REQUIRED: Spelling(1005, "用户未通过实名认证", "Not identified yet"),
    Reason.AMOUNT: Spelling(1007, "数量不正确", "Not a possible amount"),
    Reason.ORDER_STATE: Spelling(1007, "订单当前状态不允许此操作", "The order is not in a state for this"),
    Reason.LOGIN_LOCKED: Spelling(
        9013, "登录失败次数过多，已被锁定", "Locked after too many failed logins", status=401
    ),
    Reason.ALREADY_REGISTERED: Spelling(9014, "该邮箱已被注册", "Already registered"),
    Reason.TOKEN_EXPIRED: Spelling(9015, "链接无效或已过期", "This token is unknown or has expired"),
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
