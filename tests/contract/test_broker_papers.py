"""Uploads of broker clients: what is taken, how it is shown, and by whom it is not."""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image

from chalicelib import settings
from chalicelib.core import uploads as rules
from chalicelib.core.identity import Purpose
from chalicelib.core.kyc import Status
from chalicelib.core.uploads import Kind
from chalicelib.services import identity
from chalicelib.stores import aws
from tests.contract.broker import Browser
from tests.contract.test_broker_security import Visitor
from tests.pictures import MP4, form, picture, snapped

IMAGE, VERIFY, VIDEO = "/api/user/upload_image", "/api/user/verify/upload_image", "/api/user/upload_video"
CLAIM, INFO = "/api/user/verify", "/user/verify_info"
ID_NUMBER, OTHER_NUMBER = "11010519491231002X", "110105199001010029"
BEGIN, FINISH = f"{VIDEO}/begin", f"{VIDEO}/finish"


class Owner(Visitor):
    """Somebody with files."""

    def upload(self, url, content, field="upload_image_file", **headers):
        body, content_type = form({}, {field: content})
        return self.post(url, body, Content_Type=content_type, **headers)


def shown(place):
    """What the bucket gives whoever a link of ours led there."""
    key = urlsplit(place).path.partition("kept/")[2]
    return aws.client("s3").get_object(Bucket=settings.UPLOADS_BUCKET, Key=f"kept/{key}")["Body"].read()


@pytest.fixture
def ann(exchange):
    return Owner(exchange)


@pytest.mark.parametrize("url", [IMAGE, VERIFY, VIDEO, BEGIN, FINISH])
def test_nobody_but_a_person_whose_page_it_is(exchange, ann, url):
    assert Browser(exchange.app).post(url).code == 30000
    del ann.browser.jar["c_token"]
    assert ann.upload(url, picture()).code == 30060


def test_a_form_may_echo_the_token_in_a_field(ann):
    token = ann.browser.jar["c_token"]
    for echoed, status in ((token, 200), ("x", 403)):
        body, content_type = form({"c_token": echoed}, {"upload_image_file": picture()})
        reply = ann.post(IMAGE, body, Content_Type=content_type, X_C_TOKEN="")
        assert reply.status == status


class TestImages:
    @pytest.mark.parametrize("url", [IMAGE, VERIFY])
    @pytest.mark.parametrize(("kind", "extension"), [("JPEG", ".jpg"), ("PNG", ".png")])
    def test_are_kept_and_shown_by_whoever_has_the_link(self, exchange, ann, url, kind, extension):
        link = ann.upload(url, picture(kind)).body["url"]
        path = urlsplit(link).path
        assert path.startswith("/os/kyc_image/")
        assert path.endswith(extension)
        reply = Browser(exchange.app).get(link)
        assert reply.status == 302
        assert reply.headers["location"] == reply.body["url"]
        assert Image.open(BytesIO(shown(reply.body["url"]))).format == kind

    def test_are_written_anew_without_what_the_camera_noted(self, ann):
        link = ann.upload(IMAGE, snapped()).body["url"]
        image = Image.open(BytesIO(shown(ann.browser.get(link).body["url"])))
        assert not image.getexif()

    @pytest.mark.parametrize("content", [b"hello", MP4, b"GIF89a" + b"x" * 100, b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
    def test_that_are_none_are_refused(self, ann, content):
        assert ann.upload(IMAGE, content).code == 31053

    def test_larger_than_four_megabytes_are_refused(self, ann):
        assert ann.upload(IMAGE, picture() + bytes(rules.INLINE_BYTES_MAX)).code == 31053
        assert ann.upload(IMAGE, picture() + bytes(rules.INLINE_BYTES_MAX + 256 * 1024)).code == 31053

    def test_come_in_parts_under_their_name(self, ann):
        assert ann.upload(IMAGE, picture(), field="file").code == 30003
        assert ann.post(IMAGE, {"upload_image_file": "x"}).code == 30003

    def test_are_thirty_an_hour(self, ann):
        small = picture()
        codes = [ann.upload(IMAGE, small).status for _ in range(31)]
        assert codes == [200] * 30 + [429]


class TestVideos:
    def test_are_kept_and_shown(self, ann):
        link = ann.upload(VIDEO, MP4, field="upload_video_file").body["url"]
        assert shown(ann.browser.get(link).body["url"]) == MP4
        assert ann.upload(VIDEO, picture(), field="upload_video_file").code == 31053

    def test_large_ones_go_to_the_bucket_by_themselves(self, ann):
        begun = ann.post(BEGIN).body
        assert begun["bytesMax"] == str(50 * 1024 * 1024) == str(rules.LARGE_BYTES_MAX[Kind.VIDEO])
        assert ann.post(FINISH, {"url": begun["url"]}).code == 31053, "nothing has come yet"
        large = MP4 + bytes(5 * 1024 * 1024)
        aws.client("s3").put_object(Bucket=settings.UPLOADS_BUCKET, Key=begun["fields"]["key"], Body=large)
        link = ann.post(FINISH, {"url": begun["url"]}).body["url"]
        assert shown(ann.browser.get(link).body["url"]) == large
        assert ann.post(FINISH, {"url": link}).status == 200, "once more does no harm"

    def test_nobody_finishes_anothers(self, exchange, ann):
        begun = ann.post(BEGIN).body
        aws.client("s3").put_object(Bucket=settings.UPLOADS_BUCKET, Key=begun["fields"]["key"], Body=MP4)
        assert Owner(exchange).post(FINISH, {"url": begun["url"]}).code == 31053


class TestLinks:
    def test_that_were_altered_lead_nowhere(self, ann):
        link = ann.upload(IMAGE, picture()).body["url"]
        path, _, query = link.partition("?")
        for altered in (
            f"{path[:-5]}x.jpg?{query}",
            f"{path}?{query[:-2]}x=",
            f"{path}?e=9999999999&{query.partition('&')[2]}",
            f"{path.replace('kyc_image', 'kyc_video')[:-4]}.mp4?{query}",
        ):
            reply = ann.browser.get(altered)
            assert (reply.status, reply.code) == (404, 30062)
        assert ann.browser.get(path).code == 30003

    def test_end_after_ten_minutes(self, ann, monkeypatch):
        from tests.services.world import later

        link = ann.upload(IMAGE, picture()).body["url"]
        later(monkeypatch, 599_000)
        assert ann.browser.get(link).status == 302
        later(monkeypatch, 2_000)
        assert ann.browser.get(link).code == 30062


class Claimant(Owner):
    """Somebody with photos of a document."""

    def claim(self, **more):
        front, hand = (self.upload(VERIFY, picture(size=size)).body["url"] for size in ((60, 40), (50, 40)))
        return {
            "nationality": "CN",
            "first_name": "张",
            "second_name": "三",
            "gender": "2",
            "card_type": "1",
            "card_no": ID_NUMBER,
            "card_front_url": front,
            "card_hand_url": hand,
            **self.factor(Purpose.REAL_NAME),
            **more,
        }


class TestVerify:
    @pytest.fixture
    def bob(self, exchange):
        return Claimant(exchange)

    def test_a_claim_waits_for_an_operator(self, bob):
        assert bob.post(CLAIM, bob.claim()).body == {"success": True}
        told = bob.browser.get(INFO).body
        photos = [told.pop("cardFrontUrl"), told.pop("cardHandUrl")]
        assert told == {
            "nationality": "中国",
            "firstName": "张",
            "secondName": "三",
            "gender": 2,
            "cardType": "身份证",
            "cardNo": "110105********002X",
            "verifyStatus": 1,
            "refusedReason": "",
            "refusedReasonId": 0,
        }
        for photo in photos:
            assert photo.startswith(f"{settings.PUBLIC_URL}/os/kyc_image/")
            place = bob.browser.get(photo.removeprefix(settings.PUBLIC_URL)).body["url"]
            assert shown(place).startswith(b"\xff\xd8\xff")
        assert bob.post("/api/user/get_base_info").body["verifyStatus"] == 1
        assert bob.post(CLAIM, bob.claim()).code == 31067, "one at a time"

    def test_a_refused_one_says_why_and_can_be_handed_in_again(self, bob):
        bob.post(CLAIM, bob.claim())
        identity.review(bob.uid, Status.REFUSED, "The photo is not clear.")
        told = bob.post(INFO, Accept_Language="en").body
        assert (told["verifyStatus"], told["refusedReason"], told["refusedReasonId"]) == (
            3,
            "The photo is not clear.",
            1,
        )
        assert (told["nationality"], told["cardType"]) == ("China", "ID card")
        assert bob.post(CLAIM, bob.claim()).body == {"success": True}
        identity.review(bob.uid, Status.APPROVED, "")
        told = bob.browser.get(f"/api{INFO}").body
        assert (told["verifyStatus"], told["refusedReason"]) == (2, "")
        assert bob.post(CLAIM, bob.claim()).code == 31067

    def test_whoever_has_handed_nothing_in_sees_nothing(self, exchange, bob):
        for told in (bob.browser.get(f"/api{INFO}").body, bob.post(f"/api{INFO}").body):
            assert set(told.values()) == {"", 0}
        for url in (INFO, f"/api{INFO}"):
            assert Browser(exchange.app).get(url).code == 30000

    def test_a_passport_of_elsewhere(self, bob):
        body = bob.claim(nationality="US", card_type="2", card_no="c03005988", gender="1")
        assert bob.post(CLAIM, body).body == {"success": True}
        told = bob.browser.get(INFO, Accept_Language="en").body
        assert (told["nationality"], told["cardType"], told["cardNo"]) == ("United States", "Passport", "C****5988")

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"nationality": ""}, 31028),
            ({"nationality": "XX"}, 31028),
            ({"first_name": ""}, 31029),
            ({"first_name": "123"}, 31029),
            ({"second_name": ""}, 31030),
            ({"gender": ""}, 31031),
            ({"gender": "3"}, 31031),
            ({"gender": "male"}, 31031),
            ({"card_type": ""}, 31032),
            ({"card_type": "3"}, 31032),
            ({"card_no": ""}, 31033),
            ({"nationality": "US", "card_no": "!"}, 31033),
            ({"card_front_url": ""}, 31034),
            ({"card_front_url": "/os/kyc_image/x.jpg"}, 31035),
            ({"card_hand_url": ""}, 31036),
            ({"card_hand_url": "https://evil.example/x.jpg"}, 31037),
            ({"card_type": "2"}, 31063),
            ({"gender": "1"}, 31064),
            ({"card_no": "110105194912310021"}, 31065),
            ({"auth_type": "3"}, 30003),
            ({"verify_code": ""}, 31014),
            ({"verify_code": "654321"}, 31016),
        ],
    )
    def test_what_is_wrong_is_told(self, bob, wrong, code):
        assert bob.post(CLAIM, bob.claim(**wrong)).code == code
        assert bob.browser.get(INFO).body["verifyStatus"] == 0

    def test_a_document_is_one_persons_and_a_photo_its_owners(self, exchange, bob):
        bob.post(CLAIM, bob.claim())
        carl = Claimant(exchange)
        assert carl.post(CLAIM, carl.claim()).code == 31066
        photo = bob.upload(VERIFY, picture()).body["url"]
        assert carl.post(CLAIM, carl.claim(card_no=OTHER_NUMBER, card_front_url=photo)).code == 31035

    def test_three_an_hour(self, bob):
        for _ in range(3):
            assert bob.post(CLAIM, bob.claim()).body == {"success": True}
            identity.review(bob.uid, Status.REFUSED, "blurred")
        assert bob.post(CLAIM, bob.claim()).code == 30020
