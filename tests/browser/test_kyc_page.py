"""The identification page in a real browser, from its link to "passed": what people see, what they can do without a mouse,
and that the server decides."""

import re
from datetime import date

import pytest

from chalicelib import clock
from chalicelib.api.ramp.page import FIELDS
from chalicelib.core import identity as rules
from chalicelib.core.kyc import WHOLE, Details, Status, claim_of
from chalicelib.core.uploads import Upload
from chalicelib.services import identity, kyc_links, operations
from chalicelib.services.ramp import accounts
from chalicelib.stores import users
from tests.browser.conftest import PHONE
from tests.pictures import picture
from tests.post import mailed_code, mails
from tests.services import ramp_world
from tests.services.ramp_world import SOURCE
from tests.services.test_uploads import kept
from tests.services.world import later

ANN = {
    "lastName": "Cruz", "firstName": "Ana", "middleName": "Santos", "birthDate": "1990-02-28", "cardNo": "p1234567a",
    "address": "12 Rizal Street, Quezon City",
}  # fmt: skip
CHOSEN = {"nationality": "PH", "occupation": "self-employed", "income": "10k-30k"}
NUMBER = "11010519491231002X"
#: What is written too faintly on what is behind it: [text, ratio].
CONTRAST = """() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, place) => sum + c * [.2126, .7152, .0722][place], 0);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = parts(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
  };
  return [...document.querySelectorAll("main *, header *")].filter(e => e.checkVisibility() && e.textContent.trim()
      && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
      const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))];
      return [e.textContent.trim().slice(0, 30), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)];
    }).filter(([, ratio]) => ratio < 4.5);
}"""


def files(tmp_path, **more):
    """Two photos on the disk of whoever visits."""
    found = {}
    for name, size in (("cardFront", (800, 500)), ("cardHand", (500, 800))):
        found[name] = tmp_path / f"{name}.jpg"
        found[name].write_bytes(picture(size=size, **more))
    return found


def state(page, expected):
    page.locator(f"main[data-state='{expected}']").wait_for()


def fill(page, photos, **changes):
    """Everything the form asks for, as a person with a mouse does it."""
    for name, value in (ANN | changes).items():
        page.fill(f"#{name}", value)
    for name, value in CHOSEN.items():
        page.select_option(f"#{name}", value)
    page.check("input[name=sex][value='2']")
    page.check("input[name=cardType][value='2']")
    for name, path in photos.items():
        page.set_input_files(f"#{name}", str(path))
        page.locator(f"#{name}-status.done").wait_for()


def error(page, name):
    return page.locator(f"#{name}-error").inner_text()


def ops(*arguments, **fields):
    return operations.run({"verb": "kyc", "action": arguments[0], **fields})


def uid_of(account):
    return accounts.of(SOURCE, account)


class TestFromLinkToPassed:
    def test_in_english(self, visit, tmp_path):
        page = visit("customer-1")
        assert page.locator("h1:visible").inner_text() == "Identity verification"
        assert page.locator("html").get_attribute("lang") == "en"
        fill(page, files(tmp_path))
        assert page.locator("#cardFront-box img").is_visible(), "a preview"
        page.click("#submit")
        state(page, "review")
        assert page.locator("h1:visible").inner_text() == "Under review"
        (claim,) = ops("list")["waiting"]
        assert (claim["surname"], claim["given"], claim["middle"], claim["idNumber"]) == (
            "Cruz", "Ana", "Santos", "P1234567A",
        )  # fmt: skip
        assert (claim["gender"], claim["nationality"], claim["occupation"]) == ("female", "PH", "self-employed")
        assert ops("approve", uid=claim["uid"]) == {"uid": claim["uid"], "status": "approved"}
        page.click("#look-again")
        state(page, "passed")
        assert page.locator("h1:visible").inner_text() == "You are verified"
        assert uid_of("customer-1") == claim["uid"]

    def test_refused_and_sent_again(self, visit, tmp_path):
        page = visit("customer-2")
        fill(page, files(tmp_path))
        page.click("#submit")
        state(page, "review")
        uid = uid_of("customer-2")
        ops("refuse", uid=uid, reason="The photo <b>is</b> blurred")
        page.reload()
        state(page, "refused")
        assert page.locator("#reason").inner_text() == "The photo <b>is</b> blurred"
        page.click("#send-again")
        state(page, "form")
        assert page.input_value("#lastName") == "", "nothing was kept in the browser"
        fill(page, files(tmp_path))
        page.click("#submit")
        state(page, "review")
        ops("approve", uid=uid)
        page.reload()
        state(page, "passed")

    def test_in_chinese_with_an_id_card(self, visit, tmp_path):
        page = visit("customer-3", locale="zh-CN")
        assert page.locator("h1:visible").inner_text() == "身份认证"
        photos = files(tmp_path)
        fill(
            page, photos, lastName="吴", firstName="小野", middleName="", birthDate="1949-12-31", cardNo=NUMBER.lower()
        )
        page.select_option("#nationality", "CN")
        assert page.locator("input[name=cardType][value='1']").is_checked()
        assert page.locator("input[name=cardType][value='2']").is_disabled()
        assert "居民身份证" in page.locator("#cardType-hint").inner_text()
        page.click("#submit")
        state(page, "review")
        assert page.locator("h1:visible").inner_text() == "审核中"
        (claim,) = ops("list")["waiting"]
        assert (claim["realName"], claim["idNumber"], claim["identiType"]) == ("吴小野", NUMBER, "idcard")

    def test_on_a_phone(self, visit, tmp_path):
        page = visit("customer-4", viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
        fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(fits), "nothing sticks out at the side"
        small = page.evaluate(
            """[...document.querySelectorAll('button, select, input:not([type=file]):not([type=radio]), .choice, .drop')]
               .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.id || e.className)"""
        )
        assert small == [], "a thumb needs 44 pixels"
        fill(page, files(tmp_path))
        page.tap("#submit")
        state(page, "review")
        assert page.evaluate(fits)


class TestByKeyboard:
    def test_all_of_it(self, visit, tmp_path):
        page = visit("customer-5")
        keys = page.keyboard
        keys.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", "the first stop leads past the rest"
        keys.press("Enter")
        keys.press("Tab")
        assert page.evaluate("document.activeElement.id") == "lastName"
        keys.type("Cruz")
        keys.press("Tab")
        keys.type("Ana")
        keys.press("Tab")
        keys.press("Tab")
        keys.type("02281990")
        self.until(page, "input[name=sex]")
        keys.press("ArrowDown")
        keys.press("Tab")
        keys.type("Phi")  # a list forgets what was typed a second ago
        keys.press("Tab")
        keys.press("Space")
        keys.press("ArrowRight")
        keys.press("Tab")
        keys.type("P1234567A")
        page.on("filechooser", lambda _: None)  # the chooser itself is the system's, not the page's: none opens here
        page.evaluate("document.addEventListener('click', ({ target }) => { document.lastClicked = target.id; })")
        for name, path in files(tmp_path).items():
            keys.press("Tab")
            assert page.evaluate("document.activeElement.id") == name
            keys.press("Space")
            page.wait_for_function(f"document.lastClicked === {name!r}")
            page.set_input_files(f"#{name}", str(path))
        keys.press("Tab")
        keys.type("12 Rizal Street")
        keys.press("Tab")
        keys.type("Employed")
        keys.press("Tab")
        keys.type("Below")
        for name in ("cardFront", "cardHand"):
            page.locator(f"#{name}-status.done").wait_for()
        keys.press("Tab")
        assert page.evaluate("document.activeElement.id") == "submit"
        keys.press("Enter")
        state(page, "review")
        (claim,) = ops("list")["waiting"]
        assert (claim["born"], claim["gender"], claim["nationality"], claim["identiType"]) == (
            "1990-02-28", "female", "PH", "passport",
        )  # fmt: skip
        assert (claim["occupation"], claim["income"]) == ("employed", "below-10k")

    def until(self, page, selector):
        """Tab on, past the parts of a date."""
        for _ in range(6):
            if page.evaluate(f"document.activeElement.matches({selector!r})"):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"{selector} is out of reach")

    def test_everything_has_a_name_that_a_screen_reader_can_say(self, visit):
        page = visit("customer-6")
        said = page.locator("main").aria_snapshot()
        for name in (
            "Last name",
            "First name",
            "Middle name optional",
            "Date of birth",
            "Document number",
            "Home address",
        ):
            assert f'textbox "{name}"' in said, said
        for name in ("Nationality", "Occupation", "Income a year (US dollars)"):
            assert f'combobox "{name}"' in said
        for name in ("Sex", "Kind of document"):
            assert f'radiogroup "{name}"' in said
        for name in ("About you", "Your document", "Photos", "Address and income"):
            assert f'group "{name}"' in said
        nameless = page.evaluate(
            """[...document.querySelectorAll('main input, main select, main textarea, main progress')]
               .filter(e => !e.labels?.length && !e.ariaLabel && !e.getAttribute('aria-labelledby')).map(e => e.outerHTML)"""
        )
        assert nameless == []
        described = page.evaluate(
            """[...document.querySelectorAll('[aria-describedby], [aria-labelledby]')].flatMap(e =>
               (e.getAttribute('aria-describedby') + ' ' + e.getAttribute('aria-labelledby')).split(' ')
               .filter(id => id !== 'null' && !document.getElementById(id)))"""
        )
        assert described == []

    def test_it_can_be_read_in_light_and_dark(self, visit):
        """Contrast of 4.5 to 1, as WCAG asks of text (AA)."""
        for scheme in ("light", "dark"):
            page = visit("customer-6", color_scheme=scheme)
            page.click("#submit")
            assert page.evaluate(CONTRAST) == []

    def test_where_one_stands_can_be_seen(self, visit):
        page = visit("customer-6")
        for selector in ("#lastName", "#nationality", "#address", "#submit", "#language"):
            page.focus(selector)
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")
            width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
            assert width == "3px", selector


class TestWhatIsWrong:
    def test_is_told_at_each_field_and_the_first_is_gone_to(self, visit):
        page = visit("customer-7")
        page.fill("#lastName", "Cruz")
        page.click("#submit")
        assert page.evaluate("document.activeElement.id") == "firstName"
        assert page.locator("#summary").inner_text() == "Please check 11 fields"
        assert error(page, "firstName") == "This is needed"
        assert error(page, "cardFront") == "Please add a photo"
        assert page.locator("#firstName").get_attribute("aria-invalid") == "true"
        assert "firstName-error" in page.locator("#firstName").get_attribute("aria-describedby")
        page.fill("#firstName", "Ana")
        assert error(page, "firstName") == ""
        assert page.locator("#firstName").get_attribute("aria-invalid") is None

    @pytest.mark.parametrize(
        ("changes", "name", "said"),
        [
            ({"lastName": "Cr7z"}, "lastName", "Letters, spaces, dots, apostrophes and hyphens only"),
            ({"birthDate": "2020-01-01"}, "birthDate", "A real date; you have to be 18 or older"),
            ({"cardNo": "1 2"}, "cardNo", "This is not a number of such a document"),
            ({"address": "x"}, "address", "4 to 200 characters, please"),
        ],
    )
    def test_is_found_before_it_is_sent(self, visit, tmp_path, site, changes, name, said):
        page = visit("customer-8")
        fill(page, files(tmp_path), **changes)
        page.click("#submit")
        assert error(page, name) == said
        assert ("POST", kyc_links.PATH) not in site.seen

    @pytest.mark.parametrize(
        ("changes", "name", "said"),
        [
            ({"cardNo": "110105194912310021"}, "cardNo", "This is not a number of such a document"),
            ({"birthDate": "1949-12-30"}, "birthDate", "Not the birthday that the ID number tells"),
        ],
    )
    def test_of_a_chinese_card_is_found_before_it_is_sent(self, visit, tmp_path, changes, name, said):
        page = visit("customer-9")
        fill(page, files(tmp_path), **{"birthDate": "1949-12-31", "cardNo": NUMBER} | changes)
        page.select_option("#nationality", "CN")
        page.click("#submit")
        assert error(page, name) == said

    @pytest.mark.parametrize(
        ("content", "said"),
        [(b"GIF89a" + bytes(100), "Not a photo that we can read; use jpg or png"), (picture()[:200], None)],
    )
    def test_a_photo_that_is_none(self, visit, tmp_path, content, said):
        """The second begins like a photo: only the server finds that it is none."""
        page = visit("customer-10")
        path = tmp_path / "photo.jpg"
        path.write_bytes(content)
        page.set_input_files("#cardFront", str(path))
        page.locator("#cardFront-error:not(:empty)").wait_for()
        assert error(page, "cardFront") == (said or "Not a photo that we can read; use jpg or png")
        assert not page.locator("#cardFront-status.done").count()


class TestTheServer:
    """What the page's script would find, found by who does not believe it."""

    @pytest.mark.parametrize(
        ("changes", "name"),
        [({"lastName": "Cr7z"}, "lastName"), ({"cardNo": "1 2"}, "cardNo"), ({"birthDate": "2020-01-01"}, "birthDate")],
    )
    def test_refuses_what_the_script_lets_pass(self, visit, tmp_path, changes, name):
        page = visit("customer-11", script=lambda route: route.fulfill(
            body="export const IMAGE_BYTES_MAX = 1e9; export const faults = () => ({}); export const isPhoto = async () => true;",
            content_type="text/javascript",
        ))  # fmt: skip
        fill(page, files(tmp_path), **changes)
        page.click("#submit")
        page.locator(f"#{name}-error:not(:empty)").wait_for()
        assert page.evaluate("document.activeElement.id") == name
        assert ops("list")["waiting"] == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"nationality": "US", "number": "123456"},
            {"nationality": "US", "number": "12345678"},
            {"nationality": "US", "number": "A12345678"},
            {"surname": "De\u3000la\xa0Cruz"},  # as keyboards of East Asia and copied texts have spaces
            {"given": "Ａｎａ－Maria．"},
            {"middle": "e\u0301" * 64},  # two characters each, one when they are composed
            {"address": f"12 Rizal{' ' * 200}Street"},
            {"address": "𠮷" * 200},  # two of what JavaScript counts
        ],
    )
    def test_takes_nothing_that_the_script_refuses(self, visit, changes):
        values = {"surname": "Cruz", "given": "Ana", "middle": "", "nationality": "PH", "number": "P1234567A"}
        values |= {"born": "1990-02-28", "address": "12 Rizal Street", "occupation": "employed", "income": "10k-30k"}
        values |= {"gender": "female", "paper": "passport", "front": "front", "hand": "hand"} | changes
        claim_of(Details(**values), WHOLE, date(2026, 1, 1))
        said = {wire: values[inner] for wire, inner in FIELDS.items()} | {"sex": "2", "cardType": "2"}
        checked = "async (said) => (await import('../web/checks.js')).faults(said)"
        assert visit("customer-24").evaluate(checked, said) == {}

    def test_takes_an_old_passport_of_the_united_states(self, visit, tmp_path):
        page = visit("customer-25")
        fill(page, files(tmp_path), cardNo="12345678")
        page.select_option("#nationality", "US")
        page.click("#submit")
        state(page, "review")

    def test_tells_of_a_document_in_use(self, visit, tmp_path):
        first, second = visit("customer-12"), visit("customer-13")
        for page in (first, second):
            fill(page, files(tmp_path))
            page.click("#submit")
        state(first, "review")
        second.locator("#cardNo-error:not(:empty)").wait_for()
        assert error(second, "cardNo") == "This document is in use by another account"

    def test_a_form_sent_twice_shows_what_stands(self, visit, tmp_path):
        page, other = visit("customer-14"), visit("customer-14")
        for one in (page, other):
            fill(one, files(tmp_path))
        page.click("#submit")
        state(page, "review")
        other.click("#submit")
        state(other, "review")

    def test_nothing_is_stored_in_the_browser(self, visit, tmp_path):
        page = visit("customer-15")
        fill(page, files(tmp_path))
        page.click("#submit")
        state(page, "review")
        assert page.context.cookies() == []
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0

    def test_without_a_script_the_form_still_works(self, visit, tmp_path):
        page = visit("customer-16", java_script_enabled=False)
        assert page.locator("noscript:visible, .note:visible").count()
        for name, value in ANN.items():
            page.fill(f"#{name}", value)
        for name, value in CHOSEN.items():
            page.select_option(f"#{name}", value)
        page.check("input[name=sex][value='2']")
        page.check("input[name=cardType][value='2']")
        for name, path in files(tmp_path).items():
            page.set_input_files(f"#{name}", str(path))
        page.click("#submit")
        page.wait_for_url(re.compile("userKyc"))
        assert '"cardStatus":"3"' in page.content()


class TestPhotos:
    def test_show_how_far_they_are(self, visit, tmp_path):
        page = visit("customer-17")
        said = page.evaluate_handle(
            """() => {
              const said = [], status = document.querySelector("#cardFront-status");
              new MutationObserver(() => said.push(status.textContent)).observe(status, {childList: true, subtree: true});
              return said;
            }"""
        )
        page.set_input_files("#cardFront", str(files(tmp_path)["cardFront"]))
        page.locator("#cardFront-status.done").wait_for()
        steps = said.json_value()
        assert any("Uploading" in step for step in steps)
        assert steps[-1] == "Uploaded"
        assert page.locator("#cardFront-status").get_attribute("role") == "status"

    def test_large_ones_go_to_the_store_by_themselves(self, visit, tmp_path, site):
        photos = files(tmp_path)
        with photos["cardFront"].open("ab") as file:
            file.write(bytes(6 * 2**20))
        page = visit("customer-18")
        fill(page, photos)
        assert ("POST", "/user/userKyc/largePhoto") in site.seen
        page.click("#submit")
        state(page, "review")
        claim = identity.opened(uid_of("customer-18")).claim
        assert len(kept(Upload(claim.front))) < 100_000, "written anew"

    def test_larger_than_can_be_are_refused_at_once(self, visit, tmp_path, site):
        path = tmp_path / "huge.jpg"
        path.write_bytes(picture() + bytes(21 * 2**20))
        page = visit("customer-19")
        page.set_input_files("#cardFront", str(path))
        page.locator("#cardFront-error:not(:empty)").wait_for()
        assert error(page, "cardFront") == "The photo has more than 20 MB"
        assert not any("hoto" in path for _, path in site.seen)


class TestLanguages:
    def test_change_without_a_loss(self, visit):
        page = visit("customer-20", locale="fr-FR")
        assert page.locator("html").get_attribute("lang") == "en", "neither of ours: English"
        page.fill("#lastName", "Cruz")
        page.click("#submit")
        page.click("#language")
        assert page.locator("html").get_attribute("lang") == "zh"
        assert page.input_value("#lastName") == "Cruz"
        assert error(page, "firstName") == "请填写此项"
        assert page.locator("#nationality option[value=CN]").inner_text() == "中国"
        assert page.title() == "身份认证"
        page.click("#language")
        assert page.locator("#nationality option[value=PH]").inner_text() == "Philippines"

    @pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
    def test_leave_nothing_unsaid(self, visit, locale):
        page = visit("customer-21", locale=locale)
        texts = page.evaluate("[...document.querySelectorAll('[data-t]')].map(e => [e.dataset.t, e.textContent])")
        assert len(texts) > 60
        for key, text in texts:
            assert text.strip(), key
            digits_or_names = key in {"language", "below_30k", "below_100k"}
            assert digits_or_names or text.isascii() == (locale == "en-GB") or "–" in text, (key, text)


class TestMailboxes:
    def prove(self, page, code=None):
        page.click("#send-code")
        page.locator("#code:focus").wait_for()
        page.fill("#code", code or mailed_code())
        page.keyboard.press("Enter")

    def test_are_proved_and_a_person_is_made(self, visit, tmp_path):
        page = visit("ana@example.ph")
        state(page, "prove")
        assert page.locator("#mailbox").inner_text() == "ana@example.ph"
        self.prove(page)
        state(page, "form")
        fill(page, files(tmp_path))
        page.click("#submit")
        state(page, "review")
        uid = uid_of("ana@example.ph")
        assert users.find(rules.email("ana@example.ph")).uid == uid
        assert identity.standing(uid).status is Status.SUBMITTED

    def test_a_person_who_is_there_is_linked_only_by_proof(self, visit):
        uid = ramp_world.person(account="other", passed=True)
        address = users.get(uid).email
        page = visit(address)
        state(page, "prove")
        self.prove(page, "000000")  # one time in a million it is the right one
        page.locator("#code-error:not(:empty)").wait_for()
        assert error(page, "code") == "The code is wrong or has expired"
        assert uid_of(address) is None
        page.fill("#code", mailed_code())
        page.keyboard.press("Enter")
        state(page, "passed")
        assert uid_of(address) == uid

    def test_a_code_can_be_sent_again_after_a_minute(self, visit):
        page = visit("bob@example.ph")
        page.click("#send-code")
        page.locator("#sent:not(:empty)").wait_for()
        assert page.locator("#send-code").is_disabled()
        assert re.fullmatch(r"Send again in \d+ s", page.locator("#send-code").inner_text())
        assert len(mails()) == 1

    @pytest.mark.parametrize(
        ("locale", "said"),
        [
            ("en-US", "JavaScript is off: proving your e-mail address needs it."),
            ("zh-CN", "未启用JavaScript：验证邮箱需要它。"),
        ],
    )
    def test_need_a_script_and_without_one_the_link_stays(self, visit, locale, said):
        page = visit("carol@example.ph", locale=locale, java_script_enabled=False)
        state(page, "prove")
        assert page.locator("noscript:visible").inner_text().startswith(said)
        for control in ("#send-code", "#code", "#prove button:not([type])"):
            assert page.locator(control).is_disabled()
        link = page.url
        with page.expect_navigation():
            page.locator("#prove").evaluate("form => form.submit()")
        assert page.url == link
        page.goto(link)
        state(page, "prove")

    def test_after_a_refusal_the_mailbox_is_proved_again(self, visit, tmp_path):
        page = visit("ana@example.ph")
        self.prove(page)
        state(page, "form")
        fill(page, files(tmp_path))
        page.click("#submit")
        state(page, "review")
        ops("refuse", uid=uid_of("ana@example.ph"), reason="blurred")
        page.reload()
        state(page, "refused")
        page.click("#send-again")
        state(page, "prove")

    def test_a_pass_that_ran_out_asks_for_the_mailbox_and_keeps_the_form(self, visit, tmp_path, monkeypatch):
        page = visit("ana@example.ph")
        self.prove(page)
        state(page, "form")
        fill(page, files(tmp_path))
        later(monkeypatch, 3_601_000)
        page.click("#submit")
        state(page, "prove")
        assert page.input_value("#lastName") == "Cruz"

    def test_a_photo_on_its_way_when_the_pass_ran_out_can_be_chosen_again(self, visit, tmp_path, monkeypatch):
        page, photos = visit("ana@example.ph"), files(tmp_path)
        page.clock.install()
        self.prove(page)
        state(page, "form")
        fill(page, {"cardFront": photos["cardFront"]})
        later(monkeypatch, 3_601_000)
        page.set_input_files("#cardHand", str(photos["cardHand"]))
        state(page, "prove")
        page.clock.run_for(61_000)  # until a code can be sent again
        self.prove(page)
        state(page, "form")
        assert error(page, "cardHand") == "Please add a photo"
        assert page.evaluate("document.querySelector('#cardHand').files.length") == 0
        page.set_input_files("#cardHand", str(photos["cardHand"]))
        page.locator("#cardHand-status.done").wait_for()
        page.click("#submit")
        state(page, "review")


class TestLinks:
    @pytest.mark.parametrize(
        ("locale", "said"), [("en-US", "This link is not valid any more"), ("zh-CN", "链接无效或已过期")]
    )
    @pytest.mark.parametrize("change", ["&token=", "&token=x", "?account=customer-99", ""])
    def test_that_are_not_ours_or_too_old_say_so(self, visit, monkeypatch, locale, said, change):
        link = kyc_links.mint(SOURCE, "customer-22", clock.now_ms())
        if change:
            kind = change[0] + change[1:].partition("=")[0] + "="
            link = re.sub(re.escape(kind) + "[^&]*", change, link)
        else:
            later(monkeypatch, 24 * 3_600_000)
        page = visit("", link=link, locale=locale)
        state(page, "expired")
        assert page.locator("h1:visible").inner_text() == said

    def test_that_run_out_meanwhile_say_so(self, visit, tmp_path, monkeypatch):
        page = visit("customer-23")
        fill(page, files(tmp_path))
        later(monkeypatch, 24 * 3_600_000)
        page.click("#submit")
        state(page, "expired")
