"""Uploads, and the links that show them: ten minutes each, to whoever has one."""

from typing import Final

import msgspec

from chalicelib.api.broker import parameters
from chalicelib.api.broker.auth import Caller
from chalicelib.api.broker.endpoint import Answer, endpoint
from chalicelib.api.broker.papers.routes import routes
from chalicelib.api.edge.multipart import parts
from chalicelib.api.edge.request import Request
from chalicelib.core.uploads import Kind
from chalicelib.services import uploads

IMAGE: Final = "upload_image_file"
VIDEO: Final = "upload_video_file"


class LinkQuery(msgspec.Struct):
    """How a link proves itself: until when it is good, in seconds since epoch, and a token over that."""

    e: str
    token: str


class UrlBody(msgspec.Struct):
    """The link to an upload."""

    url: str


@endpoint(routes, "POST", "/api/user/verify/upload_image", authenticated=True)
def verify_upload_image(request: Request, caller: Caller) -> object:
    """Keep a picture of a document."""
    return _image(request, caller)


@endpoint(routes, "POST", "/api/user/upload_image", authenticated=True)
def upload_image(request: Request, caller: Caller) -> object:
    """Keep a picture: jpg or png, up to 4 MB."""
    return _image(request, caller)


@endpoint(routes, "POST", "/api/user/upload_video", authenticated=True)
def upload_video(request: Request, caller: Caller) -> object:
    """Keep a film: mp4, up to 4 MB. A larger one begins with the next call."""
    return {"url": uploads.url(uploads.keep_video(caller.uid, parts(request).file(VIDEO)))}


@endpoint(routes, "POST", "/api/user/upload_video/begin", authenticated=True)
def begin_video(_request: Request, caller: Caller) -> object:
    """Where a browser posts a film of up to 50 MB by itself: the fields, then the file as ``file``. Ours."""
    form = uploads.presigned(caller.uid, Kind.VIDEO)
    return {
        "url": uploads.url(form.upload),
        "uploadUrl": form.url,
        "fields": form.fields,
        "bytesMax": str(form.bytes_max),
    }


@endpoint(routes, "POST", "/api/user/upload_video/finish", authenticated=True)
def finish_video(request: Request, caller: Caller) -> object:
    """Have a film that came that way looked at and kept; a new link to it. Ours."""
    upload = uploads.claim(caller.uid, parameters.read(request, UrlBody).url, Kind.VIDEO)
    uploads.release(upload)  # nothing needs it yet: it is forgotten after a week like any other
    return {"url": uploads.url(upload)}


@endpoint(routes, "GET", "/os/kyc_image/{name}", query=LinkQuery)
def show_image(request: Request) -> object:
    """Lead a browser to a picture."""
    return _shown(request)


@endpoint(routes, "GET", "/os/kyc_video/{name}", query=LinkQuery)
def show_video(request: Request) -> object:
    """Lead a browser to a film."""
    return _shown(request)


def _image(request: Request, caller: Caller) -> dict[str, str]:
    return {"url": uploads.url(uploads.keep_image(caller.uid, parts(request).file(IMAGE)))}


def _shown(request: Request) -> Answer:
    """The bucket shows it itself, for a minute: what it holds need not pass through us."""
    query = request.query_as(LinkQuery)
    place = uploads.open(request.params["name"], query.e, query.token)
    return Answer({"url": place}, 302, {"Location": place, "Referrer-Policy": "no-referrer"})
