// What can be said of a form before it is sent. The server checks all of it again, and more; see chalicelib/core/kyc.py.

export const IMAGE_BYTES_MAX = 20 * 1024 * 1024;
const YEARS_MIN = 18;
const YEARS_MAX = 130;

const NAME = /^[\p{L}\p{M} .'’·•-]{1,64}$/u;
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** The first thing wrong with each field: {name: key of its text}. Photos are looked at by `kyc.js`. */
export function faults(values, today = new Date()) {
  const found = {};
  for (const name of ["lastName", "firstName"]) {
    if (!values[name]) found[name] = "e_missing";
    else if (!isName(values[name])) found[name] = "e_name";
  }
  if (values.middleName && !isName(values.middleName)) found.middleName = "e_name";
  if (!values.birthDate) found.birthDate = "e_missing";
  else if (!isGrown(values.birthDate, today)) found.birthDate = "e_birthDate";
  for (const name of ["sex", "nationality", "cardType", "occupation", "income"]) {
    if (!values[name]) found[name] = "e_choose";
  }
  const china = values.nationality === "CN";
  if (china && values.cardType === "2") found.cardType = "e_card_needed";
  if (!values.cardNo) found.cardNo = "e_missing";
  else if (!isNumber(values.cardNo, values.nationality, values.cardType)) found.cardNo = "e_cardNo";
  else if (china && values.cardType === "1") {
    const number = values.cardNo;
    const born = `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`;
    if (!found.birthDate && values.birthDate !== born) found.birthDate = "e_born_card";
    if (!found.sex && values.sex !== (Number(number[16]) % 2 ? "1" : "2")) found.sex = "e_sex_card";
  }
  if (!values.address) found.address = "e_missing";
  else if (!isAddress(values.address)) found.address = "e_address";
  return found;
}

/** jpg or png by its first bytes, whatever its name says. */
export async function isPhoto(file) {
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  const begins = (bytes) => bytes.every((byte, place) => head[place] === byte);
  return begins([0xff, 0xd8, 0xff]) || begins([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
}

/** Keyboards write the same letter, space or dot in several ways: the server reads them as one, and so does this. */
function isName(text) {
  const name = text.normalize("NFKC").trim();
  return NAME.test(name) && /\p{L}/u.test(name);
}

function isAddress(text) {
  const { length } = [...text.normalize("NFC").replace(/\s+/g, " ").trim()];
  return length >= 4 && length <= 200;
}

function isGrown(text, today) {
  const [year, month, day] = text.split("-").map(Number);
  const born = new Date(Date.UTC(year, month - 1, day));
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || born.getUTCMonth() !== month - 1) return false;
  const before = today.getUTCMonth() + 1 < month || (today.getUTCMonth() + 1 === month && today.getUTCDate() < day);
  const age = today.getUTCFullYear() - year - (before ? 1 : 0);
  return age >= YEARS_MIN && age <= YEARS_MAX;
}

function isNumber(number, nationality, cardType) {
  if (nationality === "CN" && cardType === "1") {
    if (!/^[1-9]\d{16}[\dX]$/.test(number)) return false;
    const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(number[place]), 0);
    return number[17] === "10X98765432"[sum % 11];
  }
  if (nationality === "US" && cardType === "2") return /^[A-Z0-9]{6,9}$/.test(number);
  return /^[A-Z0-9][A-Z0-9-]{3,28}[A-Z0-9]$/.test(number);
}
