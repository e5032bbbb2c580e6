/* What is said of the colours of all pictures: strength, style, palette, references, hints' reach, paper. */
import * as api from "./api.js";
import { byId, make, say } from "./dom.js";

const STYLES = ["plain", "vibrant", "gloomy", "warm", "cold", "faded"];
const MOST = 16;
export const look = { strength: 1, style: "plain", palette: [], references: [], reach: 0.5, paper: null, flats: false };
let changed = () => {};

/** changed(what): told when something differs; "strength" while its slider is dragged. */
export function install(functions) {
  ({ changed } = functions);
  byId("style").append(...STYLES.map((name) => new Option(name, name)));
  byId("style").addEventListener("change", (event) => set("style", event.target.value));
  byId("paper").addEventListener("change", (event) => set("paper", event.target.value ? event.target.value === "true" : null));
  byId("flats").addEventListener("change", (event) => set("flats", event.target.checked));
  slider("strength", () => changed("strength"), () => changed("strength-end"));
  slider("reach", () => {}, () => changed("look"));
  byId("reference-file").addEventListener("change", (event) => { refer(event.target.files[0]); event.target.value = ""; });
  drawPalette();
  drawReferences();
}

function set(name, value) {
  look[name] = value;
  changed("look");
}

function slider(name, during, after) {
  const input = byId(name), output = byId(`${name}-value`);
  input.addEventListener("input", () => {
    look[name] = Number(input.value);
    output.textContent = look[name].toFixed(2).replace(/0$/, "");
    during();
  });
  input.addEventListener("change", after);
}

function drawPalette() {
  const swatches = look.palette.map((color, index) => {
    const input = make("input", { type: "color", value: color, "aria-label": `Colour ${index + 1} of the palette` });
    input.addEventListener("change", () => { look.palette[index] = input.value; tellPalette(); });
    const gone = make("button", { type: "button", class: "remove", "aria-label": `Remove ${color}`,
      onclick: () => { look.palette.splice(index, 1); drawPalette(); tellPalette(); } }, "×");
    return make("span", { class: "chip" }, input, gone);
  });
  const add = make("button", { type: "button", class: "add-chip", "aria-label": look.palette.length ? "+, one more colour of the palette" : "Choose colours of the palette",
    onclick: () => {
      const start = ["#b5473a", "#e0a84e", "#4f7d5c", "#3f6fa8", "#7a5a8c"];
      look.palette.push(...(look.palette.length ? [start[look.palette.length % 5]] : start.slice(0, 4)));
      drawPalette();
      tellPalette();
    } }, look.palette.length ? "+" : "Choose colours");
  byId("palette").replaceChildren(...swatches, ...(look.palette.length < MOST ? [add] : []));
}

/** One colour is no palette yet. */
function tellPalette() { if (look.palette.length !== 1) changed("look"); }

function drawReferences() {
  const shown = look.references.map((one, index) => make("span", { class: "chip" },
    make("img", { src: one.url, alt: one.name }),
    make("button", { type: "button", class: "remove", "aria-label": `Remove ${one.name}`, onclick: () => {
      look.references.splice(index, 1);
      drawReferences();
      changed("look");
    } }, "×")));
  const add = make("button", { type: "button", class: "add-chip", "aria-label": look.references.length ? "+, one more reference" : "Choose a picture whose colours are wanted",
    onclick: () => byId("reference-file").click() }, look.references.length ? "+" : "Choose a picture");
  byId("reference").replaceChildren(...shown, ...(look.references.length < 4 ? [add] : []));
}

async function refer(file) {
  if (!file) return;
  try {
    const [picture] = await api.upload(file);
    look.references.push({ id: picture.id, name: picture.name, file, url: URL.createObjectURL(file) });
    drawReferences();
    changed("look");
  } catch (problem) {
    say(problem.message, true);
  }
}

/** The part of guidance that this is; whole: strength too, which the stage shows by itself where it can. */
export function guidance(whole = true) {
  return {
    ...(whole && look.strength !== 1 ? { strength: look.strength } : {}),
    ...(look.style !== "plain" ? { style: look.style } : {}),
    ...(look.palette.length > 1 ? { palette: look.palette } : {}),
    ...(look.references.length ? { references: look.references.map(({ id }) => ({ id })) } : {}),
    ...(look.reach !== 0.5 ? { reach: look.reach } : {}),
    ...(look.paper === null ? {} : { paper: look.paper }),
    ...(look.flats ? { flats: true } : {}),
  };
}

/** Whether strength acts last, so that it can be shown without the server. */
export const onlyStrength = () => look.palette.length < 2 && !look.references.length && !look.flats;
