/* The row of pictures: files, folders and archives in; thumbnails with their state. */
import * as api from "./api.js";
import { byId, make, say } from "./dom.js";
import { newItem, state } from "./state.js";

const PICTURE = /\.(jpe?g|png|webp|bmp|tiff?|gif|avif|p[pgbn]m|jp2|j2k|jpx)$/i;
const readable = (name) => PICTURE.test(name) || state.books.some((ending) => name.toLowerCase().endsWith(ending));
const WORDS = {
  uploading: "sending", ready: "not coloured yet", queued: "waits", running: "is being coloured",
  done: "coloured", kept: "has colour already and stays", failed: "failed", cancelled: "stopped",
};
let handlers = { added: () => {}, sending: () => {}, selected: () => {}, removed: () => {} };

export function install(functions) {
  handlers = functions;
  byId("add").addEventListener("click", () => byId("file").click());
  byId("choose").addEventListener("click", () => byId("file").click());
  byId("choose-folder").addEventListener("click", () => byId("folder").click());
  for (const input of [byId("file"), byId("folder")]) {
    input.addEventListener("change", () => { add([...input.files]); input.value = ""; });
  }
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) add(files);
  });
  installDrop();
}

function installDrop() {
  const veil = byId("drop-veil");
  let depth = 0;
  addEventListener("dragenter", (event) => { if (event.dataTransfer?.types.includes("Files")) { depth++; veil.hidden = false; } });
  addEventListener("dragleave", () => { if (--depth <= 0) { depth = 0; veil.hidden = true; } });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    add(entries.length ? (await Promise.all(entries.map(filesOf))).flat() : [...event.dataTransfer.files]);
  });
}

/** All files below an entry that was dropped, in the order of their names. */
async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader(), all = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) break;
    all.push(...some);
  }
  all.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  return (await Promise.all(all.map(filesOf))).flat();
}

/** Send files to the server; what comes back is ready to be coloured. */
export async function add(files) {
  const several = files.length > 1;
  const wanted = several ? files.filter((file) => readable(file.name) && !/(^|\/)\./.test(file.webkitRelativePath)) : files;
  if (wanted.length < files.length) say(`${files.length - wanted.length} files are no pictures and were left out`);
  const items = wanted.map((file) => newItem(file, file.name || "pasted picture"));
  state.items.push(...items);
  draw();
  const ready = [];
  for (const item of items) {
    handlers.sending();
    try {
      ready.push(...await send(item));
      if (!state.current) select(item);
    } catch (problem) {
      say(problem.message, true);
      remove(item);
    }
    draw();
  }
  handlers.sending();
  if (ready.length) handlers.added(ready);
}

/** Upload one file; a book becomes a row of pages, which agree on their colours. */
async function send(item) {
  const [first, ...others] = await api.upload(item.file);
  const ready = (one, picture) => Object.assign(one, { picture, name: picture.name, book: picture.book, status: "ready" });
  ready(item, first);
  if (first.book) byId("book").checked = true;
  const more = others.map((picture, index) => ready(newItem(item.file, picture.name, index + 1), picture));
  state.items.splice(state.items.indexOf(item) + 1, 0, ...more);
  return [item, ...more];
}

/** Send pictures again that the server has forgotten, each file once. */
export async function resend(items) {
  const sent = new Map();
  for (const item of items) {
    if (!sent.has(item.file)) sent.set(item.file, await api.upload(item.file));
    const picture = sent.get(item.file)[item.nth];
    Object.assign(item, { picture, book: picture.book, shown: null });
    item.results.clear();
  }
}

export function select(item) {
  state.current = item;
  draw();
  byId("items").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  handlers.selected(item);
}

export function step(by) {
  const index = state.items.indexOf(state.current) + by;
  if (state.items[index]) select(state.items[index]);
}

export function remove(item) {
  const index = state.items.indexOf(item);
  state.items.splice(index, 1);
  if (state.current === item) {
    state.current = state.items[Math.min(index, state.items.length - 1)] ?? null;
    handlers.selected(state.current);
  }
  handlers.removed();
  draw();
}

export function draw() {
  const focused = document.activeElement?.closest?.("#items li")?.dataset.key;
  byId("items").replaceChildren(...state.items.map(row));
  if (focused) byId("items").querySelector(`[data-key="${focused}"] .thumb`)?.focus();
  byId("book-label").hidden = state.items.length < 2;
  document.body.dataset.state = state.items.length ? "full" : "empty";
}

function row(item) {
  const image = item.thumb ? make("img", { src: item.thumb, alt: "" }) : make("span", { class: "blank" });
  const button = make("button", {
    type: "button", class: "thumb", title: item.error || item.name, onclick: () => select(item),
    "aria-label": `${item.name}, ${WORDS[item.status]}${item.error ? `: ${item.error}` : ""}`,
  }, image, make("span", { class: "name" }, item.name));
  if (item === state.current) button.setAttribute("aria-current", "true");
  const gone = make("button", { type: "button", class: "remove", "aria-label": `Remove ${item.name}`, onclick: () => remove(item) }, "×");
  return make("li", { data: { key: item.key, status: item.status } }, button, gone);
}
