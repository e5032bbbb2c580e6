/* The samples of the picture as thumbnails: choose one; their colours are what hints suggest. */
import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { hex } from "./viewer.js";

const SIDE = 256, DIFFERENT = 28, MOST = 7;
const strip = byId("samples");
let result = null, chosen = () => {};

export function install(functions) { ({ chosen } = functions); }

/** Load the thumbnails of a result, once. */
export async function load(found) {
  found.thumbs ??= Promise.all(found.files.map(async (file) => {
    const bitmap = await createImageBitmap(await api.blob(`${file}?side=${SIDE}`));
    const canvas = make("canvas", { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    return { canvas, pixels: context.getImageData(0, 0, bitmap.width, bitmap.height) };
  }));
  found.loaded = await found.thumbs;
  return found.loaded;
}

export function show(next, sample) {
  result = next;
  strip.hidden = !next || next.files.length < 2;
  if (strip.hidden) { strip.replaceChildren(); return; }
  strip.replaceChildren(...next.files.map((_, index) => {
    const button = make("button", {
      type: "button", class: "sample", role: "radio", "aria-checked": String(index === sample),
      "aria-label": `Sample ${index + 1} of ${next.files.length}`, tabIndex: index === sample ? 0 : -1,
      onclick: () => choose(index),
    }, make("span", { class: "blank" }), make("span", { class: "number" }, String(index + 1)));
    button.style.aspectRatio = `${next.width} / ${next.height}`;
    return button;
  }));
}

/** Draw the thumbnails, once what is larger was asked for. */
export function fill() {
  const next = result;
  if (!strip.hidden) load(next).then((thumbs) => {
    if (result !== next) return;
    thumbs.forEach(({ canvas }, index) => strip.children[index]?.querySelector(".blank, canvas")?.replaceWith(canvas));
  }).catch(() => {});
}

export function choose(index) {
  if (!result || index < 0 || index >= result.files.length) return;
  [...strip.children].forEach((button, number) => {
    button.setAttribute("aria-checked", String(number === index));
    button.tabIndex = number === index ? 0 : -1;
  });
  if (strip.contains(document.activeElement)) strip.children[index]?.focus();
  chosen(index);
}

strip.addEventListener("keydown", (event) => {
  const at = [...strip.children].indexOf(document.activeElement);
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (at < 0 || !by) return;
  event.preventDefault();
  choose((at + by + strip.children.length) % strip.children.length);
});

/** Return different colours that the samples have around a share of the picture, the commonest first. */
export function suggestions({ u, v }) {
  const colors = [];
  for (const { pixels } of result?.loaded ?? []) {
    for (const [x, y] of [[0, 0], [4, 0], [-4, 0], [0, 4], [0, -4]]) {
      const column = Math.min(pixels.width - 1, Math.max(0, Math.round(u * (pixels.width - 1)) + x));
      const line = Math.min(pixels.height - 1, Math.max(0, Math.round(v * (pixels.height - 1)) + y));
      const color = [...pixels.data.slice(4 * (line * pixels.width + column), 4 * (line * pixels.width + column) + 3)];
      const near = colors.find((one) => Math.hypot(...one.color.map((level, i) => level - color[i])) < DIFFERENT);
      if (near) near.count++;
      else colors.push({ color, count: 1 });
    }
  }
  colors.sort((one, other) => other.count - one.count);
  return colors.slice(0, MOST).map(({ color }) => hex(color));
}
