/* What is taken home: a picture as it came in, its record, everything as a zip. */
import * as api from "./api.js";
import { byId, save, say } from "./dom.js";
import { modelOf, resultOf, state } from "./state.js";

let body = null, done = () => {};

/** body(item, extra): what a sample is asked for by; done: told when a download has ended. */
export function install(functions) { ({ body, done } = functions); }

const suffixOf = (blob) => ({ "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/tiff": "tif", "image/bmp": "bmp" })[blob.type] ?? "png";
const nameOf = (item, suffix) => `${item.name.replace(/\.[^.]+$/, "")}-${modelOf(item.shown).name}-${item.sample + 1}.${suffix}`;
const format = () => byId("format").value || null;

async function guarded(button, action) {
  button.disabled = true;
  try { await action(); } catch (problem) { say(problem.message, true); }
  done();
}

byId("download").addEventListener("click", (event) => guarded(event.target, async () => {
  const blob = await api.guide(body(state.current, { format: format() }));
  save(blob, nameOf(state.current, suffixOf(blob)));
}));
byId("record").addEventListener("click", (event) => guarded(event.target, async () => {
  const made = await api.record(body(state.current));
  save(new Blob([`${JSON.stringify(made, null, 2)}\n`], { type: "application/json" }), nameOf(state.current, "json"));
}));
byId("zip").addEventListener("click", (event) => guarded(event.target, async () => {
  const done = state.items.filter((item) => resultOf(item));
  save(...await api.exported({ items: done.map((item) => body(item, { format: format() })) }));
}));
byId("whole").addEventListener("click", (event) => guarded(event.target, async () => {
  const pages = state.items.filter((item) => item.book === state.current.book && resultOf(item));
  say("The book is being written.");
  save(...await api.exported({ items: pages.map((item) => body(item)), book: true }));
}));
