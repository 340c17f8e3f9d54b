"""Binding an authenticator app as broker clients do it: a QR code to scan, then a code of the app and one by mail or SMS."""

import base64
from io import BytesIO
from typing import Final

from chalicelib.core.identity import Purpose, User
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services.identity.amending import amend
from chalicelib.services.identity.codes import SentCode
from chalicelib.services.identity.factors import binding_totp, pending_totp
from chalicelib.services.identity.names import person
from chalicelib.services.identity.second_factor import check_any_channel
from chalicelib.stores.users import Amendment

#: Pixels of each side of the picture, as in the document's sample.
QR_PIXELS: Final = 200
#: What readers need around the code (ISO/IEC 18004), in modules.
QUIET_MODULES: Final = 4


def bind_pending_totp(uid: str, code: str, sent: SentCode) -> None:
    """Bind the secret last issued, by a code that it makes and one that was sent to the person.

    Raises `Refused`: TOTP_BOUND; TOTP_SECRET when none was issued in the last two hours; EMAIL_CODE or SMS_CODE; TOTP_CODE.
    """
    user = person(uid)
    pending_totp(user, "ga_code")
    shown = check_any_channel(user, Purpose.BIND_TOTP, sent)

    def decide(user: User) -> Amendment:
        pending = pending_totp(user, "ga_code")
        return shown.authorising(user, binding_totp(user, pending, code, "ga_code"))

    amend(uid, decide, shown.spent)


def qr_code(text: str) -> str:
    """`text` as a QR code: a PNG of 200 by 200 pixels, in base64.

    Modules are whole pixels, as large as fit; what is left over is margin, for a picture that is stretched reads worse.
    """
    import segno  # only this needs them
    from PIL import Image

    code = segno.make(text, error="m", boost_error=False, micro=False)
    scale = QR_PIXELS // code.symbol_size(border=QUIET_MODULES)[0]
    if not scale:
        raise Refused(Reason.INTERNAL)
    drawn = BytesIO()
    code.save(drawn, kind="png", scale=scale, border=QUIET_MODULES)
    sheet = Image.new("1", (QR_PIXELS, QR_PIXELS), 1)
    with Image.open(drawn) as image:
        margin = (QR_PIXELS - image.width) // 2
        sheet.paste(image.convert("1"), (margin, margin))
    png = BytesIO()
    sheet.save(png, "PNG", optimize=True)
    return base64.b64encode(png.getvalue()).decode()
