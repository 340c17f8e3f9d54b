// The identification page: languages, the mailbox's code, photos, what is wrong with the form, what became of it.
// Nothing is stored in the browser; what was typed is gone with the page.

import { faults, IMAGE_BYTES_MAX, isPhoto } from "./checks.js";
import { below, post, Refusal, upload } from "./sending.js";

const FIELDS = [
  "lastName", "firstName", "middleName", "birthDate", "sex", "nationality",
  "cardType", "cardNo", "cardFront", "cardHand", "address", "occupation", "income",
];
const PHOTOS = ["cardFront", "cardHand"];
const LANGUAGES = ["zh", "en"];
const RESEND_S = 60;
/** The server's code for a link or a pass that it did not make, or that has expired. */
const SIGNATURE = "100002";

const main = document.getElementById("main");
const form = document.getElementById("form");
const prove = document.getElementById("prove");
const byId = (id) => document.getElementById(id);

const texts = await (await fetch("../web/kyc.json")).json();
/** Field → key of what is wrong with it. */
let wrong = {};
/** Field → name of the uploaded photo; the upload under way, if any, is what `busy` counts. */
const uploaded = {};
const busy = {};
let passed = "";
let waiting = 0;

// --- words -----------------------------------------------------------------------------------------------------------

const language = () => document.documentElement.lang;

function say(key, n) {
  const [zh, en] = texts[key];
  return (language() === "en" ? en : zh).replace("{n}", n ?? "");
}

function speak(next) {
  document.documentElement.lang = next;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = say(element.dataset.t, element.dataset.n);
  byId("language").lang = next === "en" ? "zh" : "en";
  const names = new Intl.DisplayNames([next], { type: "region" });
  for (const option of document.querySelectorAll("#nationality option[value]:not([value=''])")) {
    option.textContent = names.of(option.value);
  }
  if (!byId("send-code").disabled) byId("send-code").textContent = say("send_code");
  tell();
}

/** Have an element say something, also after the language changes. */
function put(element, key, n) {
  if (key) {
    element.dataset.t = key;
    element.dataset.n = n ?? "";
    element.textContent = say(key, n);
  } else {
    delete element.dataset.t;
    element.textContent = "";
  }
}

// --- views -----------------------------------------------------------------------------------------------------------

function show(state) {
  main.dataset.state = state;
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

/** Where somebody goes on who wants to fill in the form: an e-mail address is proved first. */
function begin() {
  show(byId("mailbox").textContent && !passed ? "prove" : "form");
}

// --- what is wrong ---------------------------------------------------------------------------------------------------

function controls(name) {
  return [...form.elements].filter((element) => element.name === name);
}

/** Write beside each field what is wrong with it. */
function tell() {
  for (const name of FIELDS) {
    const fault = wrong[name];
    const [first] = controls(name);
    put(byId(`${name}-error`), fault);
    first.closest(".field").classList.toggle("invalid", Boolean(fault));
    for (const control of controls(name)) {
      if (fault) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  }
}

/** Tell all that is wrong, and go to the first of it. */
function object(found) {
  wrong = found;
  tell();
  const names = FIELDS.filter((name) => found[name]);
  put(byId("summary"), names.length > 1 ? "e_summary" : "e_summary_one", names.length);
  const [first] = controls(names[0]);
  first.focus();
  first.closest(".field").scrollIntoView({ block: "center" });
}

/** Something is wrong that no field is to blame for. */
function complain(key) {
  put(byId("summary"), key);
  byId("summary").focus();
}

function right(name) {
  if (wrong[name]) {
    delete wrong[name];
    tell();
    if (!Object.keys(wrong).length) put(byId("summary"), "");
  }
}

/** What the page says to a reason of the server's; `data.reason` names it, `data.field` what is to blame. */
const REASONS = {
  id_in_use: "e_in_use", id_card_needed: "e_card_needed", email_code: "e_code", upload_invalid: "e_photo",
  upload_too_large: "e_photo_large", too_often: "e_often", code_too_often: "e_often",
};
const INVALID = {
  lastName: "e_name", firstName: "e_name", middleName: "e_name", birthDate: "e_birthDate", cardNo: "e_cardNo",
  address: "e_address", cardFront: "e_photo", cardHand: "e_photo",
};

function words(refusal, values = {}) {
  if (refusal.network) return "e_network";
  if (REASONS[refusal.reason]) return REASONS[refusal.reason];
  if (refusal.reason === "parameter_missing") return "e_missing";
  if (values.nationality === "CN" && refusal.field === "sex") return "e_sex_card";
  if (values.nationality === "CN" && refusal.field === "birthDate") return "e_born_card";
  return INVALID[refusal.field] ?? "e_other";
}

/** What to do about a refusal that is the same wherever it comes: the link or the proof of the mailbox has run out. */
function ranOut(refusal) {
  if (!(refusal instanceof Refusal)) throw refusal;
  if (refusal.code !== SIGNATURE) return false;
  if (refusal.field === "pass") {
    passed = "";
    show("prove");
  } else show("expired");
  return true;
}

// --- the mailbox -----------------------------------------------------------------------------------------------------

let codeId = "";

byId("send-code").addEventListener("click", async () => {
  const button = byId("send-code");
  button.disabled = true;
  put(byId("code-error"), "");
  try {
    const mailed = await post(below("code"), new URLSearchParams());
    codeId = mailed.codeId;
    put(byId("sent"), "code_sent", mailed.index);
    byId("code").focus();
    waiting = RESEND_S;
  } catch (refusal) {
    if (ranOut(refusal)) return;
    put(byId("code-error"), words(refusal));
    waiting = 3;
  }
  const tick = () => {
    button.textContent = waiting ? say("send_again_in", waiting) : say("send_code");
    button.disabled = waiting > 0;
    if (waiting-- > 0) setTimeout(tick, 1000);
  };
  tick();
});

// Out of reach until here: without this script the browser would send the step's form itself, which proves nothing.
for (const control of prove.elements) control.disabled = false;

prove.addEventListener("submit", async (event) => {
  event.preventDefault();
  const code = byId("code").value.trim();
  const fault = /^\d{6}$/.test(code) ? "" : "e_code_digits";
  put(byId("code-error"), fault);
  if (fault) return byId("code").focus();
  const button = prove.querySelector("button:not([type])");
  button.disabled = true;
  try {
    const proved = await post(below("prove"), new URLSearchParams({ codeId, code }));
    passed = proved.pass;
    byId("code").value = "";
    byId("reason").textContent = proved.reason;
    show(proved.state);
  } catch (refusal) {
    if (!ranOut(refusal)) {
      put(byId("code-error"), words(refusal));
      byId("code").focus();
    }
  } finally {
    button.disabled = false;
  }
});

// --- photos ----------------------------------------------------------------------------------------------------------

function look(name) {
  const box = byId(`${name}-box`);
  return {
    image: box.querySelector("img"), pick: box.querySelector(".pick"), bar: box.querySelector("progress"),
    status: byId(`${name}-status`), error: byId(`${name}-error`),
  };
}

async function choose(name) {
  const [input] = controls(name);
  const [file] = input.files;
  const { image, pick, bar, status } = look(name);
  const turn = (busy[name] = Symbol(name));
  delete uploaded[name];
  status.classList.remove("done");
  put(status, "");
  right(name);
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = true;
  image.removeAttribute("src");
  put(pick, "choose_photo");
  if (!file) return delete busy[name];
  const fault = file.size > IMAGE_BYTES_MAX ? "e_photo_large" : (await isPhoto(file)) ? "" : "e_photo";
  if (busy[name] !== turn) return;
  if (fault) return fail(name, fault);
  image.src = URL.createObjectURL(file);
  image.alt = say("preview");
  image.hidden = false;
  put(pick, "other_photo");
  bar.hidden = false;
  bar.value = 0;
  put(status, "uploading", 0);
  try {
    const kept = await upload(
      file, passed,
      (percent) => {
        if (busy[name] !== turn) return;
        bar.value = percent;
        put(status, percent < 100 ? "uploading" : "checking", percent);
      },
      () => busy[name] === turn && put(status, "checking"),
    );
    if (busy[name] !== turn) return;
    uploaded[name] = kept;
    delete busy[name];
    put(status, "uploaded");
    status.classList.add("done");
    bar.hidden = true;
  } catch (refusal) {
    if (busy[name] !== turn) return;
    // Whoever proved the mailbox again comes back to an empty field: this photo is not on its way any more.
    fail(name, refusal.code === SIGNATURE ? "e_photo_missing" : words(refusal));
    ranOut(refusal);
  }
}

function fail(name, fault) {
  const { bar, status } = look(name);
  delete busy[name];
  controls(name)[0].value = "";
  bar.hidden = true;
  put(status, "");
  wrong[name] = fault;
  tell();
}

for (const name of PHOTOS) {
  controls(name)[0].addEventListener("change", () => choose(name));
  const drop = byId(`${name}-box`).querySelector(".drop");
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) {
      controls(name)[0].files = event.dataTransfer.files;
      choose(name);
    }
  });
}

// --- the form --------------------------------------------------------------------------------------------------------

function told() {
  const values = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string") values[name] = value.trim();
  values.cardNo = (values.cardNo ?? "").toUpperCase();
  return values;
}

/** Citizens of China use their ID card: the other choice is out of reach then. */
function byNationality() {
  const [card, passport] = controls("cardType");
  const china = controls("nationality")[0].value === "CN";
  passport.disabled = china;
  if (china) card.checked = true;
  byId("cardType-hint").hidden = !china;
}

/** What was told is with the server now, and no business of this browser any more. */
function forget() {
  form.reset();
  for (const name of PHOTOS) choose(name);
  byNationality();
}

form.noValidate = true;
form.addEventListener("input", (event) => right(event.target.name));
byId("nationality").addEventListener("change", byNationality);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = told();
  const found = faults(values);
  for (const name of PHOTOS) {
    if (busy[name]) found[name] = "e_photo_busy";
    else if (!uploaded[name]) found[name] = wrong[name] ?? "e_photo_missing";
  }
  if (Object.keys(found).length) return object(found);
  put(byId("summary"), "");
  const button = byId("submit");
  button.disabled = true;
  put(button, "submitting");
  try {
    await post(`userKyc.html${location.search}`, new URLSearchParams({ ...values, ...uploaded, pass: passed }));
    forget();
    show("review");
  } catch (refusal) {
    if (ranOut(refusal)) return;
    if (refusal.reason === "kyc_standing") forget(), location.reload();
    else if (FIELDS.includes(refusal.field)) object({ [refusal.field]: words(refusal, values) });
    else complain(words(refusal));
  } finally {
    button.disabled = false;
    put(button, "submit");
  }
});

byId("send-again").addEventListener("click", begin);
byId("look-again").addEventListener("click", () => location.reload());
byId("language").addEventListener("click", () => speak(LANGUAGES.find((one) => one !== language())));
window.addEventListener("beforeunload", (event) => {
  if (main.dataset.state === "form" && Object.keys(uploaded).length) event.preventDefault();
});
byNationality();
document.documentElement.dataset.ready = "yes";
