"""What people upload: what is taken and what is not, what becomes of it, whose it is, and who sees it for how long."""

import base64
import json
import re
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chalicelib import clock, settings
from chalicelib.core import uploads as rules
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import Kind, Upload
from chalicelib.services import pictures, uploads
from chalicelib.stores import aws
from chalicelib.stores import uploads as store
from tests.pictures import MP4, opened, picture, snapped
from tests.services.world import later

ANN, BOB = "1000000001", "1000000002"


def refusal(call, *arguments):
    with pytest.raises(Refused) as refused:
        call(*arguments)
    return refused.value.reason


def kept(upload):
    return aws.client("s3").get_object(Bucket=settings.UPLOADS_BUCKET, Key=f"kept/{upload.name}")["Body"].read()


def tag(upload):
    found = aws.client("s3").get_object_tagging(Bucket=settings.UPLOADS_BUCKET, Key=f"kept/{upload.name}")
    return {one["Key"]: one["Value"] for one in found["TagSet"]}


def arrive(upload, content):
    """What S3 does with a presigned POST."""
    aws.client("s3").put_object(Bucket=settings.UPLOADS_BUCKET, Key=f"incoming/{upload.name}", Body=content)


class TestPictures:
    @pytest.mark.parametrize(("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png")])
    def test_are_taken_by_their_first_bytes_and_kept_in_their_kind(self, cloud, kind, extension):
        upload = uploads.keep_image(ANN, picture(kind))
        assert re.fullmatch(rf"[A-Za-z0-9_-]{{44}}\.{extension}", upload.name)
        assert opened(kept(upload)).format == kind
        assert opened(kept(upload)).size == (60, 40)

    def test_are_written_anew_upright_and_without_what_the_camera_noted(self, cloud):
        content = snapped()
        found = opened(kept(uploads.keep_image(ANN, content)))
        assert b"Cam Era 7" in content
        assert (found.size, dict(found.getexif())) == ((40, 60), {})
        assert "comment" not in found.info

    def test_lose_what_was_hidden_behind_them(self, cloud):
        upload = uploads.keep_image(ANN, picture() + b"<script>alert(1)</script>")
        assert b"script" not in kept(upload)

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
    def test_of_every_kind_of_colour(self, mode):
        found = opened(pictures.rewritten(picture("PNG", mode=mode), "png", "png"))
        assert found.mode == ("RGBA" if mode in {"LA", "RGBA"} else "RGB")
        assert opened(pictures.rewritten(picture("PNG", mode=mode), "png", "jpg")).mode == "RGB"

    def test_of_sixteen_bits_are_scaled_not_cut_off(self):
        grey = Image.linear_gradient("L").convert("I").point(lambda level: level * 257).convert("I;16")
        written = BytesIO()
        grey.save(written, "PNG")
        assert opened(pictures.rewritten(written.getvalue(), "png", "png")).getextrema()[0] == (0, 255)

    def test_of_print_shops_become_rgb(self):
        assert opened(pictures.rewritten(picture(mode="CMYK"), "jpg", "jpg")).mode == "RGB"

    def test_too_large_to_look_at_are_made_smaller(self):
        found = opened(pictures.rewritten(picture("PNG", size=(5000, 10), mode="1"), "png", "png"))
        assert found.width == pictures.SIDE_MAX

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"hello",
            b"GIF89a" + bytes(100),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%PDF-1.7",
            MP4,
            picture()[:200],
            picture("PNG")[:60],
            b"\xff\xd8\xff" + bytes(100),
            b"\x89PNG\r\n\x1a\n" + bytes(100),
        ],
    )
    def test_that_are_none_are_refused(self, cloud, content):
        assert refusal(uploads.keep_image, ANN, content) is Reason.UPLOAD_INVALID

    @given(st.binary(max_size=300))
    def test_no_bytes_are_anything_but_refused(self, tail):
        for extension, head in (("jpg", picture()[:120]), ("png", picture("PNG")[:40])):
            assert refusal(pictures.rewritten, head + tail, extension, "jpg") is Reason.UPLOAD_INVALID

    def test_a_bomb_is_not_unpacked(self, monkeypatch):
        written = BytesIO()
        Image.new("1", (8000, 4000)).save(written, "PNG")
        bomb = written.getvalue()
        assert len(bomb) < 100_000
        monkeypatch.setattr(pictures, "_pixels", lambda *_, **__: pytest.fail("it was opened"))
        assert refusal(pictures.rewritten, bomb, "png", "png") is Reason.UPLOAD_INVALID

    def test_larger_than_four_megabytes_go_another_way(self, cloud):
        content = picture()
        assert uploads.keep_image(ANN, content + bytes(rules.INLINE_BYTES_MAX - len(content)))
        too_large = content + bytes(rules.INLINE_BYTES_MAX + 1 - len(content))
        assert refusal(uploads.keep_image, ANN, too_large) is Reason.UPLOAD_TOO_LARGE

    def test_are_thirty_an_hour(self, cloud, watch):
        for _ in range(30):
            uploads.keep_image(ANN, picture())
        assert refusal(uploads.keep_image, ANN, picture()) is Reason.TOO_OFTEN
        assert refusal(uploads.presigned, ANN, Kind.IMAGE) is Reason.TOO_OFTEN
        assert uploads.keep_image(BOB, picture())
        watch.wind(3_600_000)
        assert uploads.keep_image(ANN, picture())


class TestFilms:
    def test_are_taken_by_their_first_bytes_and_kept_as_they_are(self, cloud):
        upload = uploads.keep_video(ANN, MP4)
        assert upload.name.endswith(".mp4")
        assert kept(upload) == MP4

    @pytest.mark.parametrize("content", [b"", picture(), MP4.replace(b"ftypmp42", b"ftypqt  "), b"RIFF....AVI LIST"])
    def test_of_other_kinds_are_refused(self, cloud, content):
        assert refusal(uploads.keep_video, ANN, content) is Reason.UPLOAD_INVALID


class TestOwners:
    def test_a_name_a_path_or_a_whole_link_is_ones_own(self, cloud):
        upload = uploads.keep_image(ANN, picture())
        link = uploads.url(upload)
        for text in (
            upload.name,
            link,
            link.partition("?")[0],
            f"https://exchange.example{link}",
            f"https://x/api{link}",
        ):
            assert uploads.owned(ANN, text) == upload

    def test_what_is_anothers_or_of_another_kind_or_nothing_is_refused_alike(self, cloud):
        upload, film = uploads.keep_image(ANN, picture()), uploads.keep_video(ANN, MP4)
        other = uploads.keep_image(ANN, picture())
        mixed = upload.name[:22] + other.name[22:]
        renamed = upload.name.replace(".jpg", ".png")
        assert refusal(uploads.owned, BOB, upload.name) is Reason.UPLOAD_INVALID
        for text in (
            "",
            "x.jpg",
            mixed,
            renamed,
            film.name,
            f"../{upload.name}",
            f"javascript:{upload.name}",
            "é" * 50,
        ):
            assert refusal(uploads.owned, ANN, text) is Reason.UPLOAD_INVALID

    @given(st.text(max_size=80))
    def test_any_text_is_a_name_or_none(self, text):
        found = rules.linked(text)
        assert found is None or rules.named(found.name) == found


class TestLinks:
    def opened(self, link, **changes):
        parts = urlsplit(link)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
        return uploads.open(parts.path.rpartition("/")[2], query["e"], query["token"])

    def test_look_as_the_document_shows_them(self, cloud):
        link = uploads.url(uploads.keep_image(ANN, picture()))
        assert re.fullmatch(r"/os/kyc_image/[A-Za-z0-9_-]{44}\.jpg\?e=\d{10}&token=[A-Za-z0-9_-]{43}=", link)
        assert uploads.url(uploads.keep_video(ANN, MP4)).startswith("/os/kyc_video/")

    def test_lead_to_the_file_for_ten_minutes(self, cloud, monkeypatch):
        upload = uploads.keep_image(ANN, picture())
        link = uploads.url(upload)
        target = urlsplit(self.opened(link))
        assert target.path.endswith(f"kept/{upload.name}")
        assert parse_qs(target.query)["X-Amz-Expires"] == ["60"]
        later(monkeypatch, 599_000)
        assert self.opened(link)
        later(monkeypatch, 2_000)
        assert refusal(self.opened, link) is Reason.TOKEN_EXPIRED

    def test_are_good_for_nothing_else(self, cloud):
        link = uploads.url(uploads.keep_image(ANN, picture()))
        other = uploads.keep_image(ANN, picture())
        expires = str(clock.now_ms() // 1000 + 601)
        token = parse_qs(urlsplit(link).query)["token"][0]
        assert refusal(uploads.open, other.name, link[-57:-47], token) is Reason.TOKEN_EXPIRED
        for changes in (
            {"e": expires},
            {"e": "x"},
            {"e": "٣"},
            {"token": token[1:] + "="},
            {"token": ""},
            {"token": "é"},
        ):
            assert refusal(lambda changes=changes: self.opened(link, **changes)) is Reason.TOKEN_EXPIRED


class TestLarge:
    def test_the_form_takes_one_name_one_type_and_so_many_bytes(self, cloud):
        form = uploads.presigned(ANN, Kind.IMAGE)
        assert form.fields["key"] == f"incoming/{form.upload.name}"
        policy = json.loads(base64.b64decode(form.fields["policy"]))["conditions"]
        assert ["content-length-range", 1, 20 * 2**20] in policy
        assert {"Content-Type": "image/jpeg"} in policy
        assert {"key": form.fields["key"]} in policy
        assert uploads.presigned(ANN, Kind.VIDEO).bytes_max == 50 * 2**20

    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_a_picture_counts_once_it_was_looked_at_and_written_anew(self, cloud, kind):
        upload = uploads.presigned(ANN, Kind.IMAGE).upload
        assert refusal(uploads.claim, ANN, upload.name) is Reason.UPLOAD_INVALID, "it has not come"
        arrive(upload, picture(kind) + bytes(5 * 2**20))
        assert uploads.claim(ANN, upload.name) == upload
        assert opened(kept(upload)).format == "JPEG"
        assert len(kept(upload)) < 10_000

    def test_what_comes_later_under_the_name_changes_nothing(self, cloud):
        upload = uploads.presigned(ANN, Kind.IMAGE).upload
        arrive(upload, picture(size=(60, 40)))
        uploads.claim(ANN, upload.name)
        arrive(upload, picture(size=(70, 40)))
        uploads.claim(ANN, upload.name)
        store.put(upload, picture(size=(70, 40)))
        assert opened(kept(upload)).size == (60, 40)

    @pytest.mark.parametrize("content", [b"hello", MP4, picture()[:100]])
    def test_what_is_no_picture_never_counts(self, cloud, content):
        upload = uploads.presigned(ANN, Kind.IMAGE).upload
        arrive(upload, content)
        assert refusal(uploads.claim, ANN, upload.name) is Reason.UPLOAD_INVALID
        assert not store.there(upload)

    def test_a_film_is_kept_as_it_came(self, cloud):
        upload = uploads.presigned(ANN, Kind.VIDEO).upload
        arrive(upload, MP4)
        uploads.claim(ANN, upload.name, Kind.VIDEO)
        assert kept(upload) == MP4
        assert tag(upload) == {"held": "yes"}

    def test_what_is_no_film_never_counts(self, cloud):
        upload = uploads.presigned(ANN, Kind.VIDEO).upload
        arrive(upload, picture())
        assert refusal(uploads.claim, ANN, upload.name, Kind.VIDEO) is Reason.UPLOAD_INVALID

    def test_larger_than_the_form_allows_never_counts(self, cloud, monkeypatch):
        monkeypatch.setitem(rules.LARGE_BYTES_MAX, Kind.IMAGE, 1000)
        upload = uploads.presigned(ANN, Kind.IMAGE).upload
        arrive(upload, picture() + bytes(1000))
        assert refusal(uploads.claim, ANN, upload.name) is Reason.UPLOAD_TOO_LARGE

    def test_a_change_while_it_is_looked_at_is_noticed(self, cloud):
        upload = uploads.presigned(ANN, Kind.IMAGE).upload
        arrive(upload, picture())
        found = store.incoming(upload)
        arrive(upload, b"something else")
        with pytest.raises(store.Changed):
            store.read_incoming(upload, found)


def test_what_nobody_claims_is_forgotten_and_what_is_claimed_is_held(cloud):
    upload = uploads.keep_image(ANN, picture())
    assert tag(upload) == {"held": "no"}
    assert uploads.claim(ANN, uploads.url(upload)) == upload
    assert tag(upload) == {"held": "yes"}
    uploads.release(upload)
    assert tag(upload) == {"held": "no"}
    assert isinstance(upload, Upload)
