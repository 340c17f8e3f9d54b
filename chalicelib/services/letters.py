"""Mails and text messages as people read them: templates in Chinese and English. A mail's first line is its subject."""

from functools import cache
from pathlib import Path
from string import Template
from typing import Final

from chalicelib.core.identity import Channel

LANGUAGES: Final = ("zh", "en")
_FOLDER: Final = Path(__file__).parent.parent / "templates"


#: What a code is for, by the name of its letter, where that has no template of its own: people see what they agree to.
ACTIONS: Final = {
    "sign_up": ("注册账号", "sign up"),
    "login": ("登录账号", "log in"),
    "find_password": ("找回登录密码", "reset your forgotten password"),
    "reset_password": ("重置登录密码", "reset your password"),
    "bind_mobile": ("绑定手机号", "bind a mobile number"),
    "bind_email": ("绑定邮箱", "bind an e-mail address"),
    "bind_totp": ("绑定Google验证器", "bind Google Authenticator"),
    "add_address": ("添加提币地址", "add a withdrawal address"),
    "delete_address": ("删除提币地址", "delete a withdrawal address"),
    "real_name": ("提交实名认证", "verify your identity"),
    "create_api_key": ("创建API Key", "create an API key"),
    "modify_api_key": ("修改API Key", "change an API key"),
    "delete_api_key": ("删除API Key", "delete an API key"),
    "withdraw": ("提币", "withdraw"),
    "set_trade_password": ("设置资金密码", "set your trade password"),
    "modify_trade_password": ("修改资金密码", "change your trade password"),
    "unbind_email": ("解绑邮箱", "unbind your e-mail address"),
    "unbind_mobile": ("解绑手机号", "unbind your mobile number"),
    "unbind_totp": ("解绑Google验证器", "unbind Google Authenticator"),
    "pay_order": ("支付订单", "pay an order"),
    "quick_sign_up": ("快捷注册", "sign up"),
    "quick_login": ("快捷登录", "log in"),
    "set_password": ("设置登录密码", "set your password"),
    "anti_phishing": ("设置防钓鱼码", "set your anti-phishing code"),
    "rebind_email": ("换绑邮箱", "change your e-mail address"),
    "rebind_mobile": ("换绑手机号", "change your mobile number"),
    "rebind_totp": ("换绑Google验证器", "change Google Authenticator"),
}


@cache
def _has_own(channel: Channel, name: str) -> bool:
    return _FOLDER.joinpath(channel, f"{name}.{LANGUAGES[0]}.txt").exists()


@cache
def _template(channel: Channel, name: str, language: str) -> Template:
    assert language in LANGUAGES
    return Template(_FOLDER.joinpath(channel, f"{name}.{language}.txt").read_text(encoding="utf-8"))


def letter(channel: Channel, name: str, language: str, **values: str) -> tuple[str, str]:
    """Subject and text of `name`, its blanks filled with `values`; an SMS has no subject. A blank without a value: `KeyError`."""
    if name in ACTIONS and not _has_own(channel, name):
        values["action"] = ACTIONS[name][LANGUAGES.index(language)]
        name = "code"
    filled = _template(channel, name, language).substitute(values)
    if channel is Channel.SMS:
        return "", filled.strip()
    subject, _, text = filled.partition("\n")
    return subject, text
