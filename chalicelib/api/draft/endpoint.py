"""How an endpoint of this dialect is declared, and how its answers are spelt: see `edge.envelope`."""

from functools import partial
from typing import Final

from chalicelib.api.draft.errors import SPELLINGS
from chalicelib.api.edge.endpoint import Answer, Dialect
from chalicelib.api.edge.endpoint import endpoint as declare
from chalicelib.api.edge.envelope import refuser, rendered
from chalicelib.api.edge.request import Request

__all__ = ["Answer", "endpoint", "refusal"]

#: A refusal in the words of this dialect. Also what `edge.gateway` calls where no view answers. Its data is an empty text, as
#: the draft has it for a withdrawal that could not be cancelled.
refusal: Final = refuser(SPELLINGS, "")


def _authenticate(request: Request) -> object:
    from chalicelib.api.draft.auth import authenticate  # groups of public endpoints do without

    return authenticate(request)


#: Declares an endpoint of this dialect, see `edge.endpoint`. Views that change anything take no query at all.
endpoint: Final = partial(declare, Dialect(rendered, refusal, _authenticate))
