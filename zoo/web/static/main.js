/* The page: connects the queue, the stage, the samples, the form and the look. */
import * as api from "./api.js";
import * as coloring from "./coloring.js";
import { byId, make, openDialog, say } from "./dom.js";
import * as hints from "./hints.js";
import * as downloads from "./downloads.js";
import * as models from "./models.js";
import * as looks from "./look.js";
import * as queue from "./queue.js";
import * as samples from "./samples.js";
import { label, resultOf, state } from "./state.js";
import * as viewer from "./viewer.js";

const model = byId("model"), leftSide = byId("left-side");
let rendering = null, served = 1, shownSide = 0;

async function colorAll(items, recolor = null) {
  const ready = items.filter((item) => item.picture && (item === recolor || !["queued", "running", "kept"].includes(item.status)));
  if (!ready.length) return;
  let values;
  try {
    values = models.values();
  } catch {
    say("An option is no valid JSON", true);
    return;
  }
  byId("color").classList.remove("due");
  const body = { options: values, guidance: {}, recolor: recolor?.status === "kept" };
  if (!model.value) body.options = { samples: values.samples, ...(values.seed === undefined ? {} : { seed: values.seed }) };
  await coloring.color(ready, model.value, body, byId("book").checked);
}

function told(item) {
  queue.draw();
  busy();
  if (item === state.current && (item.status === "kept" || (item.status === "done" && resultOf(item) !== item.rendered))) show(item);
  if (["done", "kept"].includes(item.status)) thumb(item);
  actions();
}

/** Give the row of pictures a small picture of the sample that is chosen, or of a page that stays. */
async function thumb(item) {
  const files = resultOf(item)?.files ?? [`v1/pictures/${item.picture.id}`];
  const small = await api.blob(`${files[Math.min(item.sample, files.length - 1)]}?side=256`).catch(() => null);
  if (!small) return;
  URL.revokeObjectURL(item.thumb);
  item.small = small;
  item.thumb = URL.createObjectURL(small);
  queue.draw();
}

function busy() {
  const item = state.current;
  const active = state.items.filter((one) => ["uploading", "queued", "running"].includes(one.status));
  const done = state.items.filter((one) => ["done", "kept"].includes(one.status)).length;
  byId("busy").hidden = !active.length;
  const progress = byId("progress");
  if (state.items.length > 1) { progress.max = state.items.length; progress.value = done; } else progress.removeAttribute("value");
  const word = { uploading: "Sending", queued: "Waiting", running: "Colouring" }[active.includes(item) ? item.status : active[0]?.status] ?? "Colouring";
  byId("busy-text").textContent = state.items.length > 1 ? `${word} · ${done} of ${state.items.length} done` : `${word}…`;
}

function actions() {
  const item = state.current, found = resultOf(item);
  byId("color").disabled = !state.items.some((one) => one.picture);
  byId("color").textContent = found ? "Colour again" : state.items.length > 1 ? "Colour all" : "Colour";
  for (const id of ["download", "record"]) byId(id).disabled = !found;
  byId("whole").hidden = !item?.book;
  byId("whole").disabled = !state.items.some((one) => one.book === item?.book && resultOf(one));
  byId("zip").disabled = !state.items.some((one) => resultOf(one));
}

/** Show a picture of the queue, or that there is none. */
async function show(item) {
  const found = resultOf(item);
  for (const part of [byId("world"), byId("bar")]) part.hidden = !item;
  for (const part of [byId("divider"), ...document.querySelectorAll(".corner")]) part.hidden = !found;
  byId("wipe").disabled = !found;
  byId("empty").hidden = Boolean(item);
  actions();
  busy();
  samples.show(found, item?.sample ?? 0);
  hints.show(item);
  if (!item?.picture) return;
  if (!found && !item.picture.width) await measure(item);
  if (item !== state.current || resultOf(item) !== found) return;
  const { width, height } = found ?? item.picture;
  if (item !== show.last || width !== show.width) viewer.open(width, height);
  const first = found && !(show.last === item && show.had);
  Object.assign(show, { last: item, width, had: Boolean(found) });
  item.rendered = found;
  sides(item);
  shownSide = viewer.wantedSide();
  if (!found) viewer.setWipe(100);
  const drawn = Promise.all([renderLeft(item), found ? render() : null]);
  samples.fill();
  await drawn;
  if (first) viewer.setWipe(viewer.toStage({ u: 0.2, v: 0 }).x / byId("stage").clientWidth * 100);
}

/** Learn the shape of a page that nobody has looked at yet. */
async function measure(item) {
  try {
    const { width, height } = await createImageBitmap(await api.blob(`v1/pictures/${item.picture.id}?side=2048`));
    Object.assign(item.picture, { width, height });
  } catch (problem) {
    item.picture.width = item.picture.height = 1;
    say(problem.message, true);
  }
}

/** What can stand left of the slider: the picture as it came, or what another colorizer made of it. */
function sides(item) {
  const others = [...model.querySelectorAll("optgroup option")].map((option) => option.value);
  leftSide.replaceChildren(new Option("Original", ""), ...others.map((key) => new Option(label(key), key)));
  leftSide.value = item.left;
  byId("right-side").textContent = item.shown ? label(item.shown) : "";
}

async function renderLeft(item) {
  try {
    if (!viewer.hasBefore()) sketch(item);
    let blob;
    const other = item.left && item.results.get(item.left);
    if (other) blob = await api.guide({ job: other.job, picture: other.index, sample: Math.min(item.sample, other.files.length - 1), side: shownSide });
    else blob = await api.blob(`v1/pictures/${item.picture.id}?side=${shownSide}`);
    const bitmap = await createImageBitmap(blob);
    if (item === state.current) viewer.showBefore(bitmap);
  } catch (problem) {
    if (item === state.current && !problem.gone) say(problem.message, true);
  }
}

/** Show the file that was chosen, or the small picture of a page, until the server has sent the picture. */
async function sketch(item) {
  const source = item.book ? item.small : item.file;
  const bitmap = source && await createImageBitmap(source).catch(() => null); // not every format is a browser's
  if (bitmap && item === state.current && !viewer.hasBefore()) viewer.showBefore(bitmap);
}

const guidanceOf = (item, whole = true) => ({ ...looks.guidance(whole), ...(item.hints.length ? { hints: hints.asGuidance(item.hints) } : {}) });

const bodyOf = (item, extra = {}) => {
  const found = resultOf(item);
  return { job: found.job, picture: found.index, sample: item.sample, guidance: guidanceOf(item), ...extra };
};

/** Show the chosen sample under what is said; an answer that is overtaken by the next is dropped. */
async function render() {
  const item = state.current, found = resultOf(item);
  if (!found) return;
  rendering?.abort();
  const own = rendering = new AbortController();
  const local = looks.onlyStrength() && !item.hints.length;
  byId("stage").setAttribute("aria-busy", "true");
  try {
    const asked = bodyOf(item, { side: shownSide, guidance: guidanceOf(item, !local) });
    const bitmap = await createImageBitmap(await api.guide(asked, own.signal));
    if (own.signal.aborted || item !== state.current) return;
    viewer.showAfter(bitmap);
    served = local ? 1 : looks.look.strength;
    strengthen();
    byId("stage").dataset.rendered = String(Number(byId("stage").dataset.rendered ?? 0) + 1);
  } catch (problem) {
    if (own.signal.aborted) return;
    if (problem.gone) return recover(item);
    say(problem.message, true);
  } finally {
    if (rendering === own) byId("stage").removeAttribute("aria-busy");
  }
}

/** The server was started anew: send and colour again. */
async function recover(item) {
  say("The server has forgotten this picture; it is coloured again.");
  const key = item.shown;
  await queue.resend([item]).then(() => { item.status = "ready"; }, (problem) => say(problem.message, true));
  if (item.picture) await coloring.color([item], key, { options: models.values(), guidance: {} }, false);
}

function strengthen() { if (served > 0) viewer.strengthen(looks.look.strength / served); }

function lookChanged(what) {
  if (what === "strength") { strengthen(); return; }
  if (what === "strength-end" && looks.onlyStrength() && !state.current?.hints.length) return;
  render();
}

async function compareWith(key) {
  const item = state.current;
  item.left = key;
  const shown = item.shown;
  if (key && !item.results.has(key)) {
    const found = resultOf(item);
    const seed = found?.record?.options.seed;
    await coloring.color([item], key, { options: { samples: Math.max(1, found?.files.length ?? 1), ...(seed === undefined ? {} : { seed }) }, guidance: {} }, false);
    if (shown) { item.shown = shown; item.status = "done"; }
    if (item === state.current) await show(item);
  } else await renderLeft(item);
  viewer.setWipe(50);
}

byId("panel").addEventListener("submit", (event) => { event.preventDefault(); colorAll(byId("book").checked ? state.items : state.current ? [state.current, ...state.items.filter((one) => one !== state.current && !resultOf(one))] : state.items, state.current); });
byId("panel").addEventListener("input", (event) => { if (event.target.closest("#options, #more-options") && state.items.length) byId("color").classList.add("due"); });
model.addEventListener("change", () => { models.describe(); if (state.items.length) colorAll(state.items); });
byId("book").addEventListener("change", () => { if (state.items.length > 1) colorAll(state.items); });
leftSide.addEventListener("change", () => compareWith(leftSide.value));
byId("undo").addEventListener("click", hints.undo);
byId("clear").addEventListener("click", hints.clear);
byId("zoom-in").addEventListener("click", () => viewer.zoomBy(1.5));
byId("zoom-out").addEventListener("click", () => viewer.zoomBy(1 / 1.5));
byId("zoom-fit").addEventListener("click", viewer.fit);
byId("zoom-one").addEventListener("click", () => viewer.zoom(1 / devicePixelRatio));
byId("dialog-close").addEventListener("click", () => byId("dialog").close());
byId("help-open").addEventListener("click", () => openDialog("Keys", make("dl", { class: "keys" }, ...[
  ["Ctrl Z", "undo the last hint"], ["[ and ]", "sample before and after"], ["Page Up, Page Down", "picture before and after"],
  ["on the picture: arrows", "move a cross"], ["Enter", "place a hint there"], ["+ − 0 1", "zoom, fit, real pixels"],
  ["on a hint: arrows", "move it"], ["Delete", "remove it"], ["Ctrl V", "paste a picture"],
].flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)]))));

addEventListener("keydown", (event) => {
  if (event.target.closest("input:not([type=range]), select, textarea, dialog")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "z") hints.undo();
  else if (event.key === "[" || event.key === "]") samples.choose((state.current?.sample ?? 0) + (event.key === "]" ? 1 : -1));
  else if (event.key === "PageDown" || event.key === "PageUp") queue.step(event.key === "PageDown" ? 1 : -1);
  else return;
  event.preventDefault();
});

let sharper = 0;
viewer.listen({
  click: (point) => { if (resultOf(state.current)) hints.clicked(point); },
  move: hints.position,
  zoom: () => {
    clearTimeout(sharper);
    sharper = setTimeout(() => {
      if (!state.current || viewer.wantedSide() <= shownSide) return;
      shownSide = viewer.wantedSide();
      renderLeft(state.current);
      render();
    }, 200);
  },
});
coloring.install({ told });
downloads.install({ body: bodyOf, done: actions });
hints.install({ changed: render, suggested: samples.suggestions });
looks.install({ changed: lookChanged });
samples.install({ chosen: (index) => { state.current.sample = index; thumb(state.current); if (state.current.left) renderLeft(state.current); render(); } });
queue.install({
  sending: busy,
  added: (items) => { if (!state.current) queue.select(items[0]); actions(); colorAll(items); },
  selected: show,
  removed: actions,
});
byId("privacy").textContent = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname) ? "Nothing leaves this machine." : `Pictures go to ${location.host} and nowhere else.`;

try {
  const found = await api.json("v1/models");
  Object.assign(state, { models: found.models, limits: found.limits, suited: found.suited, books: found.books });
  byId("file").accept = ["image/*", "video/*", ...found.books].join();
  models.fill();
  for (const [name, why] of Object.entries(found.unavailable)) say(`${name} cannot be used: ${why}`, true);
} catch (problem) {
  say(problem.message, true);
}
document.body.dataset.ready = "true";
