"""Who people are, with photos to prove it: one record whichever dialect it came by, its photos held as long as it needs them."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import countries, kyc
from chalicelib.core.identity import Purpose
from chalicelib.core.kyc import DOCUMENT, WHOLE, Details, Location, Paper, Status
from chalicelib.core.reasons import Reason, Refused
from chalicelib.services import identity, operations, uploads
from chalicelib.services.identity import SecondFactor, SentCode
from chalicelib.stores import kyc as store
from chalicelib.stores import vault
from tests.faults.test_upload_calls import held
from tests.pictures import picture
from tests.services.test_api_keys import mailed
from tests.services.test_identity import activated, at_once, refusal, world  # noqa: F401 - `world` is a fixture
from tests.services.test_identity_security import reasons, totp, totp_bound
from tests.services.test_uploads import arrive

TODAY = date(2026, 11, 21)
ANN = Details(
    surname="Cruz",
    given="Ana",
    middle="Santos",
    gender="female",
    nationality="PH",
    paper="passport",
    number="p1234567a",
    born="1990-02-28",
    address="12 Rizal Street, Quezon City",
    occupation="employed",
    income="10k-30k",
)
WU = Details(surname="吴", given="小野", gender="female", nationality="cn", paper="idcard", number="11010519491231002x")


def with_photos(uid, details=ANN):
    return replace(details, **{name: uploads.url(uploads.keep_image(uid, picture())) for name in ("front", "hand")})


class TestWhatIsTold:
    def test_a_whole_claim(self):
        claim = kyc.claim_of(replace(ANN, front="f", hand="h"), WHOLE, TODAY)
        assert (claim.real_name, claim.location, claim.paper) == ("Ana Santos Cruz", Location.OTHER, Paper.PASSPORT)
        assert (claim.number, claim.photos, claim.born) == ("P1234567A", ("f", "h"), "1990-02-28")

    def test_a_chinese_number_tells_the_birthday(self):
        claim = kyc.claim_of(replace(WU, front="f", hand="h"), DOCUMENT, TODAY)
        assert (claim.real_name, claim.location, claim.born) == ("吴小野", Location.CHINA, "1949-12-31")

    @pytest.mark.parametrize("name", sorted(WHOLE))
    def test_what_is_demanded_and_missing_is_named(self, name):
        told = replace(replace(ANN, front="f", hand="h"), **{name: "  "})
        with pytest.raises(Refused) as refused:
            kyc.claim_of(told, WHOLE, TODAY)
        assert (refused.value.reason, refused.value.parameter) == (Reason.PARAMETER_MISSING, name)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("surname", "Cr7z"),
            ("given", "<b>"),
            ("middle", "1"),
            ("surname", "x" * 65),
            ("gender", "both"),
            ("nationality", "XX"),
            ("nationality", "Philippines"),
            ("paper", "licence"),
            ("number", "12"),
            ("number", "P12 345"),
            ("born", "2008-11-22"),
            ("born", "1890-01-01"),
            ("born", "1990-02-30"),
            ("born", "28.02.1990"),
            ("born", "19900228"),
            ("address", "x"),
            ("address", "x" * 201),
            ("address", "a\u202ebcdef"),
            ("occupation", "thief"),
            ("income", "lots"),
        ],
    )
    def test_what_is_wrong_is_named(self, field, value):
        with pytest.raises(Refused) as refused:
            kyc.claim_of(replace(ANN, front="f", hand="h", **{field: value}), WHOLE, TODAY)
        assert (refused.value.reason, refused.value.parameter) == (Reason.PARAMETER_INVALID, field)

    @pytest.mark.parametrize(
        ("changes", "reason", "field"),
        [
            ({"paper": "passport", "number": "E12345678"}, Reason.ID_CARD_NEEDED, "paper"),
            ({"number": "110105194912310021"}, Reason.PARAMETER_INVALID, "number"),
            ({"born": "1949-12-30"}, Reason.PARAMETER_INVALID, "born"),
            ({"gender": "male"}, Reason.PARAMETER_INVALID, "gender"),
        ],
    )
    def test_a_chinese_card_agrees_with_what_is_told(self, changes, reason, field):
        with pytest.raises(Refused) as refused:
            kyc.claim_of(replace(WU, front="f", hand="h", **changes), DOCUMENT, TODAY)
        assert (refused.value.reason, refused.value.parameter) == (reason, field)

    @given(st.sampled_from(sorted(vars(ANN) if hasattr(ANN, "__dict__") else ANN.__slots__)), st.text(max_size=250))
    def test_any_text_is_taken_or_refused(self, field, text):
        told = replace(ANN, front="f", hand="h")
        try:
            found = kyc.claim_of(replace(told, **{field: text}), WHOLE, TODAY)
        except Refused as refusal:
            found = refusal.parameter
        assert isinstance(found, kyc.Claim) or found in {field, "number", "paper", "born", "gender"}

    def test_countries_have_names_in_both_languages(self):
        assert countries.name("CN", "zh") == "中国"
        assert countries.name("ph", "en") == "ph"
        assert countries.name("PH", "en") == "Philippines"
        assert countries.code_of(" ph ") == "PH"
        assert all(not zh.isascii() and en for zh, en in countries.NAMES.values())
        assert len(countries.NAMES) == 249


@pytest.mark.usefixtures("world")
class TestRecords:
    def test_are_sealed_and_opened_whole(self):
        uid = activated()
        identity.hand_in_details(uid, with_photos(uid), WHOLE)
        found = identity.opened(uid)
        assert found.record.status is Status.SUBMITTED
        assert (found.claim.real_name, found.claim.occupation, found.claim.nationality) == (
            "Ana Santos Cruz",
            "employed",
            "PH",
        )
        row = store.KycRow.get(uid)
        assert b"Cruz" not in bytes(row.sealed)
        assert all(held(kyc_photo) for kyc_photo in map(uploads.Upload, found.claim.photos))

    def test_the_longest_of_all_can_still_be_sealed(self):
        uid = activated()
        wide = "\U00020000" * 64
        told = replace(ANN, surname=wide, given=wide, middle=wide, address="\U00020000" * 200)
        identity.hand_in_details(uid, with_photos(uid, told), WHOLE)
        assert identity.opened(uid).claim.surname == wide

    def test_of_the_first_days_can_still_be_read(self):
        uid = activated()
        identity.hand_in(uid, "吴小野", Location.CHINA, Paper.ID_CARD, "11010519491231002X")
        sealed = vault.seal('["吴小野", "zh-CN", "idcard", "11010519491231002X"]', uid)
        store.KycRow(uid).update(actions=[store.KycRow.sealed.set(sealed)])
        assert identity.opened(uid).claim.real_name == "吴小野"

    def test_are_one_for_all_dialects(self):
        uid = activated()
        identity.hand_in(uid, "吴小野", Location.CHINA, Paper.ID_CARD, "11010519491231002X")
        assert refusal(lambda: identity.hand_in_details(uid, with_photos(uid, WU), DOCUMENT)).reason is (
            Reason.KYC_STANDING
        )
        other = activated(identity.registration.rules.email("other@coinport.com"))
        refused = refusal(lambda: identity.hand_in_details(other, with_photos(other, WU), DOCUMENT))
        assert (refused.reason, refused.parameter) == (Reason.ID_IN_USE, "number")
        identity.review(uid, Status.REFUSED, "blurred")
        identity.hand_in_details(uid, with_photos(uid, WU), DOCUMENT)
        identity.review(uid, Status.APPROVED, "")
        assert identity.approved_name(uid) == "吴小野"

    def test_photos_of_anybody_elses_or_twice_the_same_are_refused(self):
        uid, other = activated(), activated(identity.registration.rules.email("other@coinport.com"))
        theirs, told = with_photos(other), with_photos(uid)
        for changes, field in (
            ({"front": theirs.front}, "front"),
            ({"hand": theirs.hand}, "hand"),
            ({"hand": told.front}, "hand"),
            ({"front": "https://evil.example/x.jpg"}, "front"),
        ):
            changed = replace(told, **changes)
            refused = refusal(lambda changed=changed: identity.hand_in_details(uid, changed, WHOLE))
            assert (refused.reason, refused.parameter) == (Reason.UPLOAD_INVALID, field)
        assert identity.standing(uid) is None

    def test_a_large_photo_counts_once_it_has_come(self):
        uid = activated()
        told = with_photos(uid)
        large = uploads.presigned(uid, uploads.Kind.IMAGE).upload
        told = replace(told, front=large.name)
        refused = refusal(lambda: identity.hand_in_details(uid, told, WHOLE))
        assert (refused.reason, refused.parameter) == (Reason.UPLOAD_INVALID, "front")
        arrive(large, picture())
        identity.hand_in_details(uid, told, WHOLE)
        assert held(large)

    def test_photos_are_let_go_with_their_claim(self):
        uid = activated()
        first, second = with_photos(uid), with_photos(uid)
        identity.hand_in_details(uid, first, WHOLE)
        old = [uploads.owned(uid, link) for link in (first.front, first.hand)]
        identity.review(uid, Status.REFUSED, "blurred")
        assert not any(held(photo) for photo in old)
        identity.hand_in_details(uid, second, WHOLE)
        identity.review(uid, Status.APPROVED, "")
        assert all(held(uploads.owned(uid, link)) for link in (second.front, second.hand))
        assert not any(held(photo) for photo in old)

    @pytest.mark.parametrize("moment", ["after the verdict", "before its photos are marked", "after they were"])
    def test_handed_in_again_while_they_are_let_go_they_stay(self, monkeypatch, moment):
        uid = activated()
        told = with_photos(uid)
        identity.hand_in_details(uid, told, WHOLE)
        again = [lambda: identity.hand_in_details(uid, told, WHOLE)]

        def then(function, *, first=False):
            def wrapped(*arguments, **named):
                if first and again:
                    again.pop()()
                result = function(*arguments, **named)
                if not first and again:
                    again.pop()()
                return result

            return wrapped

        if moment == "after the verdict":
            monkeypatch.setattr(store, "review", then(store.review))
        else:
            monkeypatch.setattr(uploads, "release", then(uploads.release, first=moment.startswith("before")))
        identity.review(uid, Status.REFUSED, "blurred")
        found = identity.opened(uid)
        assert found.record.status is Status.SUBMITTED
        assert [held(uploads.Upload(name)) for name in found.claim.photos] == [True, True]

    def test_let_go_while_they_are_handed_in_again_they_stay(self, monkeypatch):
        uid = activated()
        told = with_photos(uid)
        identity.hand_in_details(uid, told, WHOLE)
        identity.review(uid, Status.REFUSED, "blurred")
        submit = store.submit

        def late(handed_in):
            for name in ("front", "hand"):
                uploads.release(uploads.owned(uid, getattr(told, name)))  # the verdict's last step, just now
            submit(handed_in)

        monkeypatch.setattr(store, "submit", late)
        identity.hand_in_details(uid, told, WHOLE)
        assert [held(uploads.Upload(name)) for name in identity.opened(uid).claim.photos] == [True, True]

    def test_a_form_sent_twice_at_once_goes_in_once_and_keeps_its_photos(self):
        uid = activated()
        told = with_photos(uid)
        results = reasons(at_once(*[lambda: identity.hand_in_details(uid, told, WHOLE)] * 3))
        assert results[None] == 1
        assert set(results) <= {None, Reason.KYC_STANDING}
        assert all(held(uploads.owned(uid, link)) for link in (told.front, told.hand))

    def test_photos_of_what_was_refused_on_the_way_are_let_go(self):
        uid, other = activated(), activated(identity.registration.rules.email("other@coinport.com"))
        identity.hand_in_details(uid, with_photos(uid), WHOLE)
        told = with_photos(other)
        assert refusal(lambda: identity.hand_in_details(other, told, WHOLE)).reason is Reason.ID_IN_USE
        assert not held(uploads.owned(other, told.front))

    def test_three_an_hour(self):
        uid = activated()
        for _ in range(3):
            identity.hand_in_details(uid, with_photos(uid), WHOLE)
            identity.review(uid, Status.REFUSED, "blurred")
        assert refusal(lambda: identity.hand_in_details(uid, with_photos(uid), WHOLE)).reason is Reason.TOO_OFTEN


@pytest.mark.usefixtures("world")
class TestSecondFactors:
    def test_are_used_up_by_what_they_authorise_and_only_then(self):
        uid = activated()
        factor = mailed(uid, Purpose.REAL_NAME)
        bad = replace(with_photos(uid), born="1990-02-30")
        assert refusal(lambda: identity.hand_in_details(uid, bad, WHOLE, factor)).parameter == "born"
        identity.hand_in_details(uid, with_photos(uid), WHOLE, factor)
        identity.review(uid, Status.REFUSED, "blurred")
        again = refusal(lambda: identity.hand_in_details(uid, with_photos(uid), WHOLE, factor))
        assert again.reason is Reason.EMAIL_CODE

    def test_of_another_purpose_or_wrong_are_refused_and_cost_no_try(self):
        uid = activated()
        for _ in range(4):
            factor = mailed(uid, Purpose.WITHDRAW)
            refused = refusal(lambda factor=factor: identity.hand_in_details(uid, with_photos(uid), WHOLE, factor))
            assert refused.reason is Reason.EMAIL_CODE
        identity.hand_in_details(uid, with_photos(uid), WHOLE, mailed(uid, Purpose.REAL_NAME))

    def test_may_be_an_authenticators(self):
        uid = activated()
        secret = totp_bound(uid)
        assert refusal(
            lambda: identity.hand_in_details(uid, with_photos(uid), WHOLE, mailed(uid, Purpose.REAL_NAME))
        ).reason is (Reason.WRONG_FACTOR)
        identity.hand_in_details(uid, with_photos(uid), WHOLE, SecondFactor(None, SentCode("", totp(secret))))
        assert identity.standing(uid).status is Status.SUBMITTED

    def test_a_document_taken_meanwhile_is_refused_and_the_code_stays_good(self):
        uid, other = activated(), activated(identity.registration.rules.email("other@coinport.com"))
        identity.hand_in_details(other, with_photos(other), WHOLE)
        factor = mailed(uid, Purpose.REAL_NAME)
        assert (
            refusal(lambda: identity.hand_in_details(uid, with_photos(uid), WHOLE, factor)).reason is Reason.ID_IN_USE
        )
        identity.hand_in_details(uid, with_photos(uid, replace(ANN, number="P7654321A")), WHOLE, factor)


@pytest.mark.usefixtures("world")
def test_operators_see_all_of_it_and_the_photos():
    uid = activated()
    identity.hand_in_details(uid, with_photos(uid), WHOLE)
    (shown,) = operations.run({"verb": "kyc", "action": "list"})["waiting"]
    assert (shown["surname"], shown["given"], shown["born"], shown["income"]) == (
        "Cruz", "Ana", "1990-02-28", "10k-30k"
    )  # fmt: skip
    for name in ("front", "hand"):
        path, _, query = shown[name].partition("?")
        expires, token = (part.partition("=")[2] for part in query.split("&"))
        assert path.startswith("http://127.0.0.1:8000/os/kyc_image/")
        assert uploads.open(path.rpartition("/")[2], expires, token)
