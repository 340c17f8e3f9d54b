"""Every AWS call of an upload and of its use fails once, before or after it took effect, or is repeated unseen. What was
answered is kept whole; what was not can be brought again, and nothing that was not looked at ever counts."""

import itertools

import pytest
from botocore.exceptions import ClientError

from chalicelib import clock, settings
from chalicelib.core.identity import Channel, Purpose
from chalicelib.core.kyc import WHOLE, Details, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.core.uploads import Kind, Upload
from chalicelib.services import identity, uploads
from chalicelib.services.delivery import Receiver
from chalicelib.services.identity import SecondFactor
from chalicelib.stores import aws, kyc, users, vault
from chalicelib.stores import uploads as store
from tests.faults.injection import FAULTS, Faults, injected
from tests.faults.test_identity_calls import active, address, each_call
from tests.faults.test_security_calls import code_of, used
from tests.pictures import MP4, opened, picture

fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
PEOPLE = (str(uid) for uid in itertools.count(1_000_000_001))


@pytest.fixture(autouse=True)
def _world(cloud):
    vault._pepper()


def objects():
    found = aws.client("s3").list_objects_v2(Bucket=settings.UPLOADS_BUCKET)
    return {one["Key"] for one in found.get("Contents", ())}


def posted(upload, file):
    aws.client("s3").put_object(Bucket=settings.UPLOADS_BUCKET, Key=f"incoming/{upload.name}", Body=file)


def content(upload):
    return aws.client("s3").get_object(Bucket=settings.UPLOADS_BUCKET, Key=f"kept/{upload.name}")["Body"].read()


def held(upload):
    found = aws.client("s3").get_object_tagging(Bucket=settings.UPLOADS_BUCKET, Key=f"kept/{upload.name}")
    return found["TagSet"] == [{"Key": "held", "Value": "yes"}]


@fault
@pytest.mark.parametrize(("keep", "file"), [(uploads.keep_image, picture()), (uploads.keep_video, MP4)])
def test_keep(monkeypatch, fault, keep, file):
    known = set()
    for uid, outcome in each_call(monkeypatch, fault, lambda _: next(PEOPLE), lambda uid: keep(uid, file)):
        left = {Upload(key.removeprefix("kept/")) for key in objects() - known}
        known = objects()
        if isinstance(outcome, Upload):
            assert left == {outcome}
        assert len(left) <= 1
        assert not any(held(upload) for upload in left), "what nobody was told of is forgotten"
        assert content(keep(uid, file))
        known = objects()


@fault
@pytest.mark.parametrize(("kind", "file"), [(Kind.IMAGE, picture("PNG")), (Kind.VIDEO, MP4)])
def test_claim_of_a_large_one(monkeypatch, fault, kind, file):
    def prepare(_):
        uid = next(PEOPLE)
        upload = uploads.presigned(uid, kind).upload
        posted(upload, file)
        return uid, upload

    for (uid, upload), outcome in each_call(
        monkeypatch, fault, prepare, lambda ready: uploads.claim(ready[0], ready[1].name, kind)
    ):
        assert not isinstance(outcome, Refused), "a fault of ours is not blamed on the file"
        if isinstance(outcome, Upload):
            assert held(upload)
        assert uploads.claim(uid, upload.name, kind) == upload
        assert held(upload)
        assert content(upload) == MP4 if kind is Kind.VIDEO else opened(content(upload)).format == "JPEG"


class Conflicts(Faults):
    """Two conditional writes of one name at once: S3 tells one of them so, here ours, and the other one may take effect."""

    def __init__(self, times, *, other):
        super().__init__()
        self.times, self.other = times, other

    def __call__(self, call, client, operation, kwargs):
        if operation == "PutObject" and self.seen.count(operation) < self.times:
            self.seen.append(operation)
            if self.other:
                call(client, operation, dict(kwargs))
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict", "Message": ""}}, operation)
        return super().__call__(call, client, operation, kwargs)


@pytest.mark.parametrize("other", [False, True])
def test_of_two_that_keep_a_file_at_once_both_have_it_kept(monkeypatch, other):
    monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
    with injected(monkeypatch, Conflicts(2, other=other)):
        upload = uploads.keep_video(next(PEOPLE), MP4)
    assert objects() == {f"kept/{upload.name}"}
    assert content(upload) == MP4


def test_a_conflict_that_does_not_end_is_an_error_in_the_end(monkeypatch):
    monkeypatch.setattr(clock, "sleep_ms", lambda _: None)
    with injected(monkeypatch, Conflicts(100, other=False)), pytest.raises(ClientError):
        uploads.keep_video(next(PEOPLE), MP4)
    assert objects() == set()


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize(
    ("kind", "file", "operation"), [(Kind.IMAGE, picture(), "GetObject"), (Kind.VIDEO, MP4, "CopyObject")]
)
def test_a_large_one_that_changes_while_it_is_looked_at_is_refused_and_can_be_brought_again(
    monkeypatch, kind, file, operation, gone
):
    """Its owner posts the form again, or the day is over that it was there for: before its head is read, or the whole."""

    def come():
        uid = next(PEOPLE)
        upload = uploads.presigned(uid, kind).upload
        posted(upload, file)
        return uid, upload

    uid, upload = come()
    with injected(monkeypatch, Faults()) as calls:
        uploads.settle(uid, upload.name, kind)
    whole = len(calls.seen) - 1 - calls.seen[::-1].index(operation)
    for number in (calls.seen.index("GetObject"), whole):
        uid, upload = come()

        def meanwhile(call, upload=upload, copied=number == whole and kind is Kind.VIDEO):
            if gone:
                aws.client("s3").delete_object(Bucket=settings.UPLOADS_BUCKET, Key=f"incoming/{upload.name}")
            else:
                posted(upload, file + b"and more")
                if copied:  # moto copies whatever the condition says
                    raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": ""}}, operation)
            return call()

        with injected(monkeypatch, Faults(number, meanwhile)), pytest.raises(Refused) as refused:
            uploads.settle(uid, upload.name, kind)
        assert refused.value.reason is Reason.UPLOAD_INVALID
        assert not store.there(upload)
        posted(upload, file)
        assert uploads.settle(uid, upload.name, kind) == upload


@fault
def test_release(monkeypatch, fault):
    def prepare(_):
        uid = next(PEOPLE)
        return uploads.claim(uid, uploads.keep_image(uid, picture()).name)

    for upload, outcome in each_call(monkeypatch, fault, prepare, uploads.release):
        if outcome is None:
            assert not held(upload)
        uploads.release(upload)
        assert not held(upload)
        assert store.there(upload)


def photos(uid):
    return {name: uploads.keep_image(uid, picture()) for name in ("front", "hand")}


@fault
@pytest.mark.parametrize("with_factor", [False, True])
def test_hand_in_and_refuse(monkeypatch, fault, with_factor):
    monkeypatch.setattr("chalicelib.telemetry.alarm", lambda *_, **__: None)

    def told(number, shots):
        return Details(
            surname="Cruz", given="Ana", gender="female", nationality="PH", paper="passport", number=f"P{number:07}A",
            born="1990-02-28", address="12 Rizal Street", occupation="employed", income="10k-30k",
            front=shots["front"].name, hand=shots["hand"].name,
        )  # fmt: skip

    def prepare(number):
        uid = active(number)
        users.UserRow(uid).update(actions=[users.UserRow.email_verified.set(True)])
        code = code_of(Receiver(Channel.MAIL, address(number).typed, uid), Purpose.REAL_NAME) if with_factor else None
        return uid, number, photos(uid), code

    def step(prepared):
        uid, number, shots, code = prepared
        factor = SecondFactor(Channel.MAIL, code) if code else None
        identity.hand_in_details(uid, told(number, shots), WHOLE, factor)
        identity.review(uid, Status.REFUSED, "blurred")

    for (uid, number, shots, code), outcome in each_call(monkeypatch, fault, prepare, step):
        assert not isinstance(outcome, Refused)
        record = kyc.get(uid)
        if code:
            assert used(code) == (record is not None), "used up with what it authorises, or not at all"
        if record is not None and record.status is Status.SUBMITTED:
            assert all(held(shot) for shot in shots.values()), "what stands has its photos"
            identity.review(uid, Status.REFUSED, "blurred")
        if outcome is None:
            assert record.status is Status.REFUSED
        identity.hand_in_details(uid, told(number, photos(uid)), WHOLE)
        identity.review(uid, Status.APPROVED, "")
        assert all(held(Upload(name)) for name in identity.opened(uid).claim.photos)
