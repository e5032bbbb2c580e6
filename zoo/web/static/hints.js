/* Hints: pins on the picture that can be placed, coloured, dragged, deleted and undone. */
import { byId, make } from "./dom.js";
import * as viewer from "./viewer.js";

const pins = byId("pins"), popover = byId("popover"), stage = byId("stage");
const CLOSE = 24;
let item = null, changed = () => {}, suggested = () => [], picking = null;

/** changed: told when hints differ; suggested: colours that samples give at a place. */
export function install(functions) { ({ changed, suggested } = functions); }

export function show(next) {
  item = next;
  closePopover();
  draw();
}

/** Hints as the server takes them: shares of the picture, exact at any size. */
export const asGuidance = (hints) => hints.map(({ u, v, color }) => ({
  x: `${(100 * u).toFixed(4)}%`, y: `${(100 * v).toFixed(4)}%`, color,
}));

function edit(action) {
  item.past.push(item.hints.map((hint) => ({ ...hint })));
  action(item.hints);
  draw();
  changed();
}

export function undo() {
  if (!item?.past.length) return;
  item.hints = item.past.pop();
  closePopover();
  draw();
  changed();
}

export function clear() { if (item?.hints.length) { closePopover(); edit((hints) => hints.splice(0)); } }

function draw() {
  const focused = document.activeElement?.dataset.pin;
  pins.replaceChildren(...(item?.hints ?? []).map(pin));
  if (focused !== undefined) pins.children[focused]?.focus();
  byId("undo").disabled = !item?.past.length;
  byId("clear").disabled = !item?.hints.length;
}

function pin(hint, index) {
  const button = make("button", {
    type: "button", class: "pin", data: { pin: index },
    "aria-label": `Hint ${index + 1}, ${hint.color}. Enter changes it, arrows move it, Delete removes it.`,
  });
  button.style.setProperty("--color", hint.color);
  place(button, hint);
  button.addEventListener("pointerdown", (event) => drag(event, button, index));
  button.addEventListener("keydown", (event) => keys(event, index));
  button.addEventListener("click", (event) => { if (event.detail === 0) openPopover(index); });
  return button;
}

function place(button, hint) {
  const { x, y } = viewer.inPixels(hint);
  button.style.left = `${x}px`;
  button.style.top = `${y}px`;
}

function drag(event, button, index) {
  event.stopPropagation();
  button.setPointerCapture(event.pointerId);
  const from = { x: event.clientX, y: event.clientY };
  let target = null;
  const move = (next) => {
    if (!target && Math.hypot(next.clientX - from.x, next.clientY - from.y) < 4) return;
    const { u, v } = viewer.toShares(next.clientX, next.clientY);
    target = { u: Math.min(1, Math.max(0, u)), v: Math.min(1, Math.max(0, v)) };
    place(button, target);
  };
  button.addEventListener("pointermove", move);
  button.addEventListener("pointerup", () => {
    button.removeEventListener("pointermove", move);
    if (target) edit((hints) => Object.assign(hints[index], target));
    else openPopover(index);
  }, { once: true });
}

function keys(event, index) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const step = event.shiftKey ? 0.02 : 0.004;
  if (way) {
    edit((hints) => {
      hints[index].u = Math.min(1, Math.max(0, hints[index].u + way[0] * step));
      hints[index].v = Math.min(1, Math.max(0, hints[index].v + way[1] * step));
    });
  } else if (event.key === "Delete" || event.key === "Backspace") remove(index);
  else return;
  event.preventDefault();
}

function remove(index) {
  closePopover();
  edit((hints) => hints.splice(index, 1));
  (pins.children[Math.min(index, pins.children.length - 1)] ?? stage).focus();
}

/** A click on the picture: a new hint, or the colour that a hint asked for with the eyedropper. */
export function clicked(point) {
  if (picking !== null) {
    const index = picking;
    endPicking();
    setColor(index, viewer.colorAt(point));
    openPopover(index);
    return;
  }
  if (!popover.hidden) { closePopover(); return; }
  const [first] = suggested(point);
  edit((hints) => hints.push({ u: point.u, v: point.v, color: first ?? viewer.colorAt(point) }));
  openPopover(item.hints.length - 1);
}

const setColor = (index, color) => edit((hints) => { hints[index].color = color; });

function openPopover(index) {
  const hint = item.hints[index];
  const swatches = suggested(hint).map((color) => {
    const swatch = make("button", { type: "button", class: "swatch", "aria-label": `Colour ${color}`, title: color,
      "aria-pressed": color === hint.color, onclick: () => { setColor(index, color); openPopover(index); } });
    swatch.style.setProperty("--color", color);
    return swatch;
  });
  const picker = make("input", { type: "color", value: hint.color, "aria-label": "Any colour" });
  picker.addEventListener("change", () => setColor(index, picker.value));
  popover.replaceChildren(
    make("p", { class: "soft" }, "What the samples see here"),
    make("div", { class: "swatches" }, ...swatches),
    make("div", { class: "row" }, make("label", { class: "picker" }, picker, "Any"),
      make("button", { type: "button", onclick: () => startPicking(index) }, "Eyedropper"),
      make("button", { type: "button", onclick: () => remove(index) }, "Delete")),
  );
  popover.hidden = false;
  popover.dataset.index = index;
  position();
  (popover.querySelector("[aria-pressed=true]") ?? picker).focus({ preventScroll: true });
}

/** Keep the popover beside its pin and inside the stage. */
export function position() {
  if (popover.hidden || !item?.hints[popover.dataset.index]) return;
  const { x, y } = viewer.toStage(item.hints[popover.dataset.index]);
  const left = Math.min(Math.max(8, x - popover.offsetWidth / 2), stage.clientWidth - popover.offsetWidth - 8);
  const below = y + CLOSE + popover.offsetHeight < stage.clientHeight;
  popover.style.transform = `translate(${left}px, ${below ? y + CLOSE : Math.max(8, y - CLOSE - popover.offsetHeight)}px)`;
}

export function closePopover() {
  popover.hidden = true;
  endPicking();
}

function startPicking(index) {
  popover.hidden = true;
  picking = index;
  stage.classList.add("picking");
  stage.focus();
}

function endPicking() {
  picking = null;
  stage.classList.remove("picking");
}

popover.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const index = popover.dataset.index;
  closePopover();
  (pins.children[index] ?? stage).focus();
});
