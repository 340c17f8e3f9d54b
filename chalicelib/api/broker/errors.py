"""Reasons as this dialect spells them: a code of its own, an HTTP status by the code, and the sentences of `edge.spelling`.

What no operation of this dialect refuses for is 30003. Where a guess is counted, the code says which wrong one it was.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from chalicelib.api.edge import spelling
from chalicelib.api.edge.spelling import Spelling
from chalicelib.core.reasons import Reason, Refused

UNAUTHENTICATED: Final = 30000
INTERNAL: Final = 30001
PARAMETER: Final = 30003
TOO_OFTEN: Final = 30016
NO_SUCH_PATH: Final = 30017
CROSS_SITE: Final = 30060
NOT_FOUND: Final = 30062

#: The HTTP status of codes that have one of their own; of all others it is 400.
STATUSES: Final[Mapping[int, int]] = {
    UNAUTHENTICATED: 401,
    INTERNAL: 500,
    TOO_OFTEN: 429,
    NO_SUCH_PATH: 404,
    CROSS_SITE: 403,
    NOT_FOUND: 404,
}

CODES: Final[Mapping[Reason, int]] = {
    Reason.UNAUTHENTICATED: UNAUTHENTICATED,
    Reason.SIGNATURE_MISMATCH: UNAUTHENTICATED,
    Reason.OAUTH_TOKEN: UNAUTHENTICATED,
    Reason.API_KEY_FORBIDDEN: UNAUTHENTICATED,
    Reason.INTERNAL: INTERNAL,
    Reason.PARAMETER_MISSING: PARAMETER,
    Reason.PARAMETER_INVALID: PARAMETER,
    Reason.WRONG_FACTOR: PARAMETER,
    Reason.NO_SUCH_REQUEST: 30010,
    Reason.NO_SUCH_API_KEY: 30010,
    Reason.TOTP_SECRET: 30010,
    Reason.OAUTH_REQUEST: 30010,
    Reason.TOO_OFTEN: TOO_OFTEN,
    Reason.CODE_TOO_OFTEN: TOO_OFTEN,
    Reason.NO_SUCH_URL: NO_SUCH_PATH,
    Reason.SPENT: 30020,
    Reason.FIND_TOO_MANY: 30040,
    Reason.CROSS_SITE: CROSS_SITE,
    Reason.NO_SUCH_USER: NOT_FOUND,
    Reason.TOKEN_EXPIRED: NOT_FOUND,
    Reason.PASSWORD_SET: 30080,
    Reason.PHONE_FORMAT: 31002,
    Reason.ALREADY_REGISTERED: 31003,
    Reason.EMAIL_FORMAT: 31005,
    Reason.MOBILE_UNVERIFIED: 31007,
    Reason.EMAIL_UNVERIFIED: 31008,
    Reason.NOT_SENT: 31010,
    Reason.PASSWORDS_DIFFER: 31012,
    Reason.PASSWORD_FORMAT: 31013,
    Reason.COMMON_PASSWORD: 31013,
    Reason.CODE_MISSING: 31014,
    Reason.SMS_CODE: 31015,
    Reason.EMAIL_CODE: 31016,
    Reason.CAPTCHA: 31018,
    Reason.LOGIN_FAILED: 31019,
    Reason.INVITE_CODE: 31020,
    Reason.ACCOUNT_UNUSABLE: 31021,
    Reason.TOTP_UNBOUND: 31023,
    Reason.TOTP_CODE: 31024,
    Reason.TOTP_BOUND: 31025,
    Reason.TOO_MANY_API_TOKENS: 31026,
    Reason.OLD_PASSWORD_MISSING: 31038,
    Reason.OLD_PASSWORD: 31039,
    Reason.SAME_PASSWORD: 31040,
    Reason.IP_LIST: 31043,
    Reason.KEY_TAG: 31044,
    Reason.IP_LIST_LONG: 31047,
    Reason.LOGIN_LOCKED: 31052,
    Reason.UPLOAD_INVALID: 31053,
    Reason.UPLOAD_TOO_LARGE: 31053,
    Reason.TRADE_PASSWORD_FORMAT: 31055,
    Reason.ID_CARD_NEEDED: 31063,
    Reason.ID_DISAGREES: 31064,
    Reason.ID_CHECKSUM: 31065,
    Reason.ID_IN_USE: 31066,
    Reason.KYC_STANDING: 31067,
    Reason.TRADE_PASSWORD_WRONG: 31068,
    Reason.TRADE_PASSWORD_LOCKED: 31073,
    Reason.TRADE_PASSWORD_SET: 31074,
    Reason.TRADE_PASSWORD_UNSET: 31075,
    Reason.FIND_FAILED: 31201,
    Reason.ID_NUMBER: 31207,
    Reason.FIND_BY_MAIL: 31209,
    Reason.FIND_BY_MOBILE: 31210,
    Reason.FIND_RETIRED: 31211,
    Reason.OAUTH_SCOPE: 60002,
    Reason.OAUTH_CLIENT: 60003,
    Reason.OAUTH_CODE: 60006,
    Reason.OAUTH_CODE_USED: 60008,
    Reason.REDIRECT_URI: 60017,
    Reason.OAUTH_RESPONSE_TYPE: 60030,
}

#: Codes that hang on the parameter as well.
PARTICULAR: Final[Mapping[tuple[Reason, str], int]] = {
    (Reason.ALREADY_REGISTERED, "email"): 31006,
    (Reason.PASSWORDS_DIFFER, "trade_pwd2"): 31056,
    (Reason.UPLOAD_INVALID, "card_front_url"): 31035,
    (Reason.UPLOAD_INVALID, "card_hand_url"): 31037,
    **{
        (reason, parameter): code
        for reason in (Reason.PARAMETER_MISSING, Reason.PARAMETER_INVALID)
        for parameter, code in {
            "nationality": 31028,
            "first_name": 31029,
            "second_name": 31030,
            "gender": 31031,
            "card_type": 31032,
            "card_no": 31033,
            "card_front_url": 31034,
            "card_hand_url": 31036,
        }.items()
    },
}

#: Codes that say more than their reason: Chinese and English.
SENTENCES: Final[Mapping[int, tuple[str, str]]] = {
    31003: ("该手机号已被注册", "This mobile number is registered already"),
    31006: ("该邮箱已被注册", "This e-mail address is registered already"),
    31028: ("请选择国籍", "Choose your nationality"),
    31029: ("请填写正确的姓氏", "Fill in your family name"),
    31030: ("请填写正确的名字", "Fill in your given name"),
    31031: ("请选择性别", "Choose your gender"),
    31032: ("请选择证件类型", "Choose the kind of document"),
    31033: ("请填写正确的证件号码", "Fill in the number of the document"),
    31034: ("请上传证件正面照片", "Upload a photo of the document's front"),
    31035: ("证件正面照片无效，请重新上传", "Upload the photo of the document's front again"),
    31036: ("请上传手持证件照片", "Upload a photo of you with the document"),
    31037: ("手持证件照片无效，请重新上传", "Upload the photo of you with the document again"),
    31056: ("两次输入的资金密码不一致", "The two trade passwords differ"),
}

#: The codes of the first wrong guess, the second, …; the last is that of all that follow.
LADDERS: Final[Mapping[Reason, tuple[int, ...]]] = {
    Reason.LOGIN_FAILED: (31019, 31048, 31049, 31050, 31051, 31052),
    Reason.TRADE_PASSWORD_WRONG: (31068, 31069, 31070, 31071, 31072),
    Reason.FIND_FAILED: (31201, 31202, 31203, 31204, 31205, 31206),
}


def _spelt(code: int, sentences: Spelling) -> Spelling:
    return replace(sentences, code=code, status=STATUSES.get(code, 400))


SPELLINGS: Final[Mapping[Reason, Spelling]] = {
    reason: _spelt(CODES.get(reason, PARAMETER), sentences) for reason, sentences in spelling.SPELLINGS.items()
}


def code_of(refused: Refused) -> int:
    """The code of a refusal."""
    if steps := LADDERS.get(refused.reason):
        failures = refused.data.get("failures")
        assert isinstance(failures, int), "a wrong guess says which one it is"
        return steps[min(failures, len(steps)) - 1]
    particular = PARTICULAR.get((refused.reason, refused.parameter or ""))
    return SPELLINGS[refused.reason].code if particular is None else particular


def message(refused: Refused, language: str) -> str:
    """What a person is told; a parameter's name, which is for developers, only where nothing else is to blame."""
    if sentences := SENTENCES.get(code_of(refused)):
        return sentences[language == "en"]
    if CODES.get(refused.reason, PARAMETER) == PARAMETER:
        return spelling.message(refused, language)
    return spelling.message(Refused(refused.reason), language)
