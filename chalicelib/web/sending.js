// How the page speaks to the server: answers are {code, data, description}; uploads tell how far they are.

const SUCCESS = "000000";
/** What one request to us may carry; a larger photo goes to the store by itself, with a form that we sign. */
const INLINE_BYTES_MAX = 4 * 1024 * 1024;

/** What the server (or the lack of one) had to say against a request. */
export class Refusal extends Error {
  constructor({ code, data, description }) {
    super(description);
    this.code = code;
    this.field = data?.field ?? "";
    this.reason = data?.reason ?? "";
    this.network = !code;
  }
}

/** The address of something below the page, with the link that opened it. */
export function below(what) {
  return `userKyc/${what}${location.search}`;
}

/** POST `body` and return the answer's data, or throw a `Refusal`. */
export async function post(url, body, progress) {
  const { status, text } = await send(url, body, progress);
  if (status === 413) throw new Refusal({ code: "413", data: { reason: "upload_too_large" } });
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Refusal({});
  }
  if (answer.code !== SUCCESS) throw new Refusal(answer);
  return answer.data;
}

/** Upload a photo, telling `progress` how many percent are gone; the name under which it is kept. */
export async function upload(file, passed, progress, checking) {
  if (file.size <= INLINE_BYTES_MAX) {
    const body = new FormData();
    body.append("pass", passed);
    body.append("photo", file, "photo");
    const kept = await post(below("photo"), body, progress);
    return kept.name;
  }
  const form = await post(below("largePhoto"), new URLSearchParams({ pass: passed }));
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", file, "photo");
  const { status } = await send(form.url, body, progress);
  if (status !== 201) throw new Refusal({});
  checking();
  const kept = await post(below("photo"), new URLSearchParams({ pass: passed, name: form.name }));
  return kept.name;
}

function send(url, body, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    if (!/^https?:/.test(url)) request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.timeout = 120_000;
    if (progress) {
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) progress(Math.floor((100 * event.loaded) / event.total));
      });
    }
    request.addEventListener("load", () => resolve({ status: request.status, text: request.responseText }));
    for (const failed of ["error", "timeout", "abort"]) {
      request.addEventListener(failed, () => reject(new Refusal({})));
    }
    request.send(body);
  });
}
