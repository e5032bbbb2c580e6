/* Calls of the server. The token comes in the fragment of the address, which no server sees. */
const KEY = "colorzoo-token";
const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.has("token")) {
  sessionStorage.setItem(KEY, fragment.get("token"));
  history.replaceState(null, "", location.pathname + location.search);
}

/** An answer that is no success; `type` is the class of the error, `gone` that the server forgot something. */
export class Problem extends Error {
  constructor(body) {
    super(body.detail || body.title);
    this.status = body.status;
    this.gone = body.type === "urn:colorzoo:UnknownNameError" && /not held/.test(body.detail);
  }
}

const headers = () => {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
};

async function call(path, options = {}) {
  const asked = { ...options, headers: { ...headers(), ...options.headers } };
  let answer;
  try {
    answer = await fetch(path, asked);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ status: 0, detail: "The server does not answer. Is it still running?" });
  }
  if (answer.status === 401) {
    const token = prompt("This server asks for a token:");
    if (token) {
      sessionStorage.setItem(KEY, token.trim());
      return call(path, options);
    }
  }
  if (!answer.ok) throw new Problem(await answer.json().catch(() => ({ title: answer.statusText, status: answer.status })));
  return answer;
}

const post = (path, body, signal, accept) => call(path, {
  method: "POST", signal, body: JSON.stringify(body),
  headers: { "Content-Type": "application/json", ...(accept ? { Accept: accept } : {}) },
});

export const json = async (path, signal) => (await call(path, { signal })).json();
export const text = async (path) => (await call(path)).text();
export const blob = async (path, signal) => (await call(path, { signal })).blob();
export const colorize = async (body) => (await post("v1/colorize", body)).json();
export const guide = async (body, signal) => (await post("v1/guide", body, signal)).blob();
export const record = async (body) => (await post("v1/guide", body, undefined, "application/json")).json();
/** Return a file of many pictures, and what the server calls it. */
export async function exported(body) {
  const answer = await post("v1/export", body);
  const [, name] = /filename\*=UTF-8''(.+)/.exec(answer.headers.get("content-disposition") ?? "") ?? [];
  return [await answer.blob(), decodeURIComponent(name ?? "colorzoo.zip")];
}
export const cancel = (job) => call(`v1/jobs/${job}`, { method: "DELETE" });
export const answer = async (path, body) => (await post(path, body)).json();

export async function upload(file) {
  const form = new FormData();
  form.append("picture", file, file.name || "pasted.png");
  return (await call("v1/pictures", { method: "POST", body: form })).json();
}

/** Call `told` with a job whenever it changes; resolves with its last state. */
export async function follow(job, told, signal) {
  const stream = (await call(`v1/jobs/${job}/events`, { signal })).body.pipeThrough(new TextDecoderStream());
  let rest = "", last = null;
  for (const reader = stream.getReader(); ;) {
    const { value, done } = await reader.read();
    if (done) return last;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const data = part.split("\n").find((line) => line.startsWith("data: "));
      if (data) told(last = JSON.parse(data.slice(6)));
    }
  }
}
