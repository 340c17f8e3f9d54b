"""Forms that come in parts, as browsers send them and as nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.edge.multipart import FIELD_BYTES_MAX, PARTS_MAX, Parts, parts
from chalicelib.api.edge.request import UPLOAD_BYTES_MAX, Request
from chalicelib.core.reasons import Reason, Refused
from tests.contract.client import proxy_event
from tests.pictures import form, picture


def parsed(body, content_type):
    return parts(Request(proxy_event("POST", "/x", "/x", body=body, headers={"content-type": content_type})))


def refusal(body, content_type):
    with pytest.raises(Refused) as refused:
        parsed(body, content_type)
    return refused.value.reason, refused.value.parameter


def test_fields_are_text_and_files_are_bytes():
    photo = picture()
    found = parsed(*form({"lastName": "吴", "empty": ""}, {"cardFront": photo, "none": b""}))
    assert found == Parts({"lastName": "吴", "empty": ""}, {"cardFront": photo, "none": b""})
    assert found.file("cardFront") == photo
    with pytest.raises(Refused, match="cardHand"):
        found.file("cardHand")


def test_a_file_field_where_no_file_was_chosen_is_left_out():
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--x--\r\n'
    assert parsed(body, "multipart/form-data; boundary=x") == Parts({}, {})


def test_four_megabytes_pass_and_much_more_does_not():
    assert len(parsed(*form({}, {"f": bytes(4 * 2**20)})).files["f"]) == 4 * 2**20
    assert refusal(*form({}, {"f": bytes(UPLOAD_BYTES_MAX)})) == (Reason.UPLOAD_TOO_LARGE, None)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"hello", "multipart/form-data; boundary=x"),
        (form({"a": "1"}, {})[0][:-8], "multipart/form-data; boundary=parts"),
        (form({"a": "1"}, {})[0], "multipart/form-data"),
        (form({"a": "1"}, {})[0], "multipart/form-data; boundary=other"),
        (form({"a": "1"}, {})[0].replace(b"1", b"\xff"), "multipart/form-data; boundary=parts"),
        (b'--x\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--x--\r\n', "multipart/form-data; boundary=x"),
    ],
)
def test_what_is_no_such_form_is_refused(body, content_type):
    assert refusal(body, content_type) == (Reason.PARAMETER_INVALID, "body")


def test_another_content_type_is_no_such_form():
    with pytest.raises(Refused):
        parsed("{}", "application/json")


def test_a_name_stands_once():
    body, content_type = form({"a": "1"}, {"a": b"2"})
    assert refusal(body, content_type) == (Reason.PARAMETER_INVALID, "a")


def test_parts_and_fields_have_a_limit():
    assert refusal(*form({f"f{number}": "" for number in range(PARTS_MAX + 1)}, {}))[0] is Reason.PARAMETER_INVALID
    found = parsed(*form({"long": "x" * (FIELD_BYTES_MAX + 1)}, {}))
    assert found.fields == {}, "a field that long is no field"


@given(st.binary(max_size=200))
def test_any_bytes_are_parts_or_refused(tail):
    try:
        found = parsed(b"--x\r\nContent-Disposition: form-data; " + tail, "multipart/form-data; boundary=x")
    except Refused:
        return
    assert isinstance(found, Parts)
