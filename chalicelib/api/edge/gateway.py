"""The Chalice app, minus the answers that Chalice would give in a voice of its own."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from chalice.app import Chalice, Response

from chalicelib.api.edge.request import Request
from chalicelib.core.reasons import Reason, Refused

#: Which dialect answers where no view does, by the beginning of the path; the first that fits. Modules are named as
#: text and loaded when needed, because a Lambda that serves one dialect need not load another.
DIALECTS: Final[tuple[tuple[str, str], ...]] = (
    ("/api/user/", "chalicelib.api.broker.endpoint"),
    ("/api/common/", "chalicelib.api.broker.endpoint"),
    ("/api/oauth2/", "chalicelib.api.broker.endpoint"),
    ("/os/", "chalicelib.api.broker.endpoint"),
    ("/user/verify_info", "chalicelib.api.broker.endpoint"),
    ("/router", "chalicelib.api.router.endpoint"),
    ("/transaction/", "chalicelib.api.ramp.endpoint"),
    ("/user/findUserAuthStatus", "chalicelib.api.ramp.endpoint"),
    ("/user/kycLink", "chalicelib.api.ramp.endpoint"),
    ("/draft/", "chalicelib.api.draft.endpoint"),
    ("/download/json/", "chalicelib.api.draft.endpoint"),
    ("/user/userKyc", "chalicelib.api.ramp.endpoint"),
    ("/web/", "chalicelib.api.ramp.endpoint"),
    ("", "chalicelib.api.coinport.endpoint"),
)

#: What reaches us byte for byte, because it may hold a file; API Gateway would make text of it.
BINARY: Final = ("multipart/form-data",)

#: How Chalice's own error bodies begin; no dialect has such an answer.
_CHALICE_VOICE: Final = '{"Code":'


class Gateway(Chalice):
    """The app of every endpoint group. Whatever happens, the answer is in the words of the dialect that was asked."""

    def __init__(self, app_name: str = "exchange") -> None:
        """An app that logs nothing by itself: `edge.log` does, without secrets."""
        super().__init__(app_name=app_name, configure_logs=False)
        self.api.binary_types.extend(BINARY)

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """Answer one API Gateway event."""
        request = Request(event)
        try:
            if request.method not in self.routes.get(request.route, {}):
                return self._spelt(request, Refused(Reason.NO_SUCH_URL))
            answer: dict[str, Any] = super().__call__(event, context)
        except Exception as error:  # noqa: BLE001 - the last net: a caller never sees a traceback
            return self._crash(request, error)
        if answer["statusCode"] >= 400 and str(answer["body"]).startswith(_CHALICE_VOICE):
            return self._dressed(request, answer)
        return answer

    def _dressed(self, request: Request, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer of Chalice's own, in the words of the dialect."""
        status = answer["statusCode"]
        if status >= 500:
            return self._crash(request, RuntimeError(f"Chalice answered {status}"))
        reason = Reason.NO_SUCH_URL if status in {404, 405} else Reason.PARAMETER_INVALID
        return self._spelt(request, Refused(reason))

    def _crash(self, request: Request, error: Exception) -> dict[str, Any]:
        from chalicelib.api.edge import log  # only a crash needs it

        return self._spelt(request, Refused(Reason.INTERNAL, correlation_id=log.crashed(request, error)))

    def _spelt(self, request: Request, refused: Refused) -> dict[str, Any]:
        """A refusal, spelt by the dialect of the path."""
        module = next(name for prefix, name in DIALECTS if request.path.startswith(prefix))
        spell: Callable[[Request, Refused], Response] = import_module(module).refusal
        rendered: dict[str, Any] = spell(request, refused).to_dict(self.api.binary_types)
        return rendered
