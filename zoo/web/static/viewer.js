/* The stage: two pictures over each other with a slider, zoom and pan, and strength without a round trip. */
import { byId, once } from "./dom.js";

const stage = byId("stage"), world = byId("world"), before = byId("before"), after = byId("after");
const divider = byId("divider"), wipe = byId("wipe"), cross = byId("cross");
const CLICK = 5, MOST = 16, MARGIN = 24, LARGEST_FIT = 3;

const view = { scale: 1, x: 0, y: 0, width: 0, height: 0, fitted: true };
let wiped = 0, base = null, factor = 1, crossAt = null;
const listeners = { click: () => {}, move: () => {}, zoom: () => {} };

/** Tell about clicks at shares of the picture, moves of the view, and a need for more pixels. */
export function listen(functions) { Object.assign(listeners, functions); }

const fitScale = () => Math.min((stage.clientWidth - MARGIN) / view.width, (stage.clientHeight - MARGIN) / view.height, LARGEST_FIT);

function draw() {
  world.style.width = `${view.width}px`;
  world.style.height = `${view.height}px`;
  world.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  world.style.setProperty("--unscaled", 1 / view.scale);
  world.dataset.pixels = view.scale >= 4;
  const edge = wiped / 100 * stage.clientWidth;
  const left = Math.max(0, Math.min(view.width, (edge - view.x) / view.scale));
  after.style.clipPath = `inset(0 0 0 ${left}px)`;
  divider.style.transform = `translateX(${edge}px)`;
  wipe.value = wiped;
  wipe.setAttribute("aria-valuetext", wiped < 1 ? "all after" : wiped > 99 ? "all before" : `${Math.round(wiped)} % before`);
  if (crossAt) {
    const point = toStage(crossAt);
    cross.style.transform = `translate(${point.x}px, ${point.y}px)`;
  }
  listeners.move();
}
const redraw = once(draw);

/** Show a picture of a size in real pixels, whatever was shown before. */
export function open(width, height) {
  Object.assign(view, { width, height, fitted: true });
  base = null;
  crossAt = null;
  cross.hidden = true;
  for (const canvas of [before, after]) { canvas.width = canvas.height = 1; }
  fit();
}

export function fit() {
  view.fitted = true;
  view.scale = fitScale();
  view.x = (stage.clientWidth - view.width * view.scale) / 2;
  view.y = (stage.clientHeight - view.height * view.scale) / 2;
  draw();
}

/** Zoom around a point of the stage, its middle by default; a scale of 1 / devicePixelRatio is real pixels. */
export function zoom(scale, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const least = Math.min(fitScale(), 1) / 2;
  const next = Math.min(MOST, Math.max(least, scale));
  view.x = x - (x - view.x) * next / view.scale;
  view.y = y - (y - view.y) * next / view.scale;
  view.scale = next;
  view.fitted = false;
  redraw();
  listeners.zoom();
}
export const zoomBy = (times, x, y) => zoom(view.scale * times, x, y);

/** How many pixels of the longest side are worth showing. */
export function wantedSide() {
  const shown = Math.max(view.width, view.height) * view.scale * devicePixelRatio;
  const side = Math.max(512, Math.ceil(shown / 256) * 256);
  return Math.min(side, Math.max(view.width, view.height), 4096);
}

function paint(canvas, bitmap) {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
}

export function showBefore(bitmap) { paint(before, bitmap); }
export const hasBefore = () => before.width > 1;

export function showAfter(bitmap) {
  paint(after, bitmap);
  base = null;
  factor = 1;
}

/** Give the picture shown a multiple of its colour: as the engine does, towards its grey within the gamut. */
export const strengthen = once((times) => {
  if (!after.width || (times === 1 && factor === 1)) return;
  const context = after.getContext("2d", { willReadFrequently: true });
  base ??= context.getImageData(0, 0, after.width, after.height);
  factor = times;
  const pixels = base.data, out = new Uint8ClampedArray(pixels);
  for (let i = 0; i < pixels.length; i += 4) {
    const gray = 0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2];
    const red = times * (pixels[i] - gray), green = times * (pixels[i + 1] - gray), blue = times * (pixels[i + 2] - gray);
    const high = Math.max(red, green, blue), low = Math.min(red, green, blue);
    const room = Math.min(1, high > 0 ? (255 - gray) / high : 1, low < 0 ? gray / -low : 1);
    out[i] = gray + room * red;
    out[i + 1] = gray + room * green;
    out[i + 2] = gray + room * blue;
  }
  context.putImageData(new ImageData(out, after.width), 0, 0);
});

/** Return the colour that is shown at a share of the picture, as "#rrggbb". */
export function colorAt({ u, v }) {
  const context = after.getContext("2d", { willReadFrequently: true });
  const x = Math.round(u * (after.width - 1)), y = Math.round(v * (after.height - 1));
  return hex(context.getImageData(x, y, 1, 1).data);
}
export const hex = ([red, green, blue]) => `#${[red, green, blue].map((level) => level.toString(16).padStart(2, "0")).join("")}`;

/** Shares of the picture are of the distance between the middles of its outer pixels, as hints are. */
export function toStage({ u, v }) {
  const x = (u * (view.width - 1) + 0.5) * view.scale + view.x, y = (v * (view.height - 1) + 0.5) * view.scale + view.y;
  return { x, y };
}
export function toShares(clientX, clientY) {
  const box = stage.getBoundingClientRect();
  const u = ((clientX - box.left - view.x) / view.scale - 0.5) / Math.max(1, view.width - 1);
  const v = ((clientY - box.top - view.y) / view.scale - 0.5) / Math.max(1, view.height - 1);
  return { u, v, inside: u >= 0 && u <= 1 && v >= 0 && v <= 1 };
}
export const inPixels = ({ u, v }) => ({ x: u * (view.width - 1) + 0.5, y: v * (view.height - 1) + 0.5 });

export function setWipe(percent) { wiped = Math.max(0, Math.min(100, percent)); redraw(); }

const pointers = new Map();
let pressed = null, spread = 0;

function down(event) {
  if (world.hidden || event.button > 0 || event.target.closest("button, select, #popover, #divider, #busy")) return;
  stage.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, event);
  pressed = pointers.size === 1 ? { x: event.clientX, y: event.clientY, moved: false } : null;
  spread = 0;
}

function move(event) {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  pointers.set(event.pointerId, event);
  if (pointers.size === 2) return pinch();
  if (pressed && !pressed.moved && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < CLICK) return;
  if (pressed) pressed.moved = true;
  view.x += event.clientX - last.clientX;
  view.y += event.clientY - last.clientY;
  view.fitted = false;
  redraw();
}

function pinch() {
  const [one, other] = [...pointers.values()], box = stage.getBoundingClientRect();
  const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  const x = (one.clientX + other.clientX) / 2 - box.left, y = (one.clientY + other.clientY) / 2 - box.top;
  if (spread) zoomBy(now / spread, x, y);
  spread = now;
}

function up(event) {
  if (!pointers.delete(event.pointerId) || !pressed) return;
  if (event.type === "pointerup" && !pressed.moved) {
    const point = toShares(event.clientX, event.clientY);
    if (point.inside) listeners.click(point);
  }
  pressed = null;
}

stage.addEventListener("pointerdown", down);
stage.addEventListener("pointermove", move);
for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, up);
stage.addEventListener("wheel", (event) => {
  if (world.hidden) return;
  event.preventDefault();
  const box = stage.getBoundingClientRect();
  zoomBy(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });

divider.addEventListener("pointerdown", (event) => {
  divider.setPointerCapture(event.pointerId);
  event.stopPropagation();
});
divider.addEventListener("pointermove", (event) => {
  if (!divider.hasPointerCapture(event.pointerId)) return;
  setWipe((event.clientX - stage.getBoundingClientRect().left) / stage.clientWidth * 100);
});
wipe.addEventListener("input", () => setWipe(Number(wipe.value)));

stage.addEventListener("keydown", (event) => {
  if (event.target !== stage || world.hidden || event.ctrlKey || event.metaKey) return;
  const step = (event.shiftKey ? 20 : 4) / view.scale;
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (way) {
    crossAt ??= { u: 0.5, v: 0.5 };
    crossAt = {
      u: Math.max(0, Math.min(1, crossAt.u + way[0] * step / view.width)),
      v: Math.max(0, Math.min(1, crossAt.v + way[1] * step / view.height)),
    };
    cross.hidden = false;
    draw();
  } else if (event.key === "Enter" && crossAt) listeners.click({ ...crossAt, inside: true });
  else if (event.key === "+" || event.key === "=") zoomBy(1.5);
  else if (event.key === "-") zoomBy(1 / 1.5);
  else if (event.key === "0") fit();
  else if (event.key === "1") zoom(1 / devicePixelRatio);
  else return;
  event.preventDefault();
});
stage.addEventListener("blur", () => { cross.hidden = true; });
new ResizeObserver(() => { if (view.width) (view.fitted ? fit : redraw)(); }).observe(stage);
