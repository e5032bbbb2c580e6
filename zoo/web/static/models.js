/* The choice of a colorizer and its weights, and the form of its options. */
import * as api from "./api.js";
import { byId, make, openDialog } from "./dom.js";
import { schemaForm } from "./form.js";
import { label, modelOf, state, weightsOf } from "./state.js";

const model = byId("model");
const GOOD_FOR = { face: "portraits", photo: "photos", painted: "painted pages", inked: "inked pages" };
let options = null;

/** Return the options that differ from the defaults. */
export const values = () => options?.values() ?? {};

/** List the colorizers that are installed. */
export function fill() {
  model.replaceChildren(make("option", { value: "" }, "what suits the picture"));
  for (const one of state.models) {
    const group = make("optgroup", { label: one.name });
    for (const weights of one.weights.length ? one.weights : [{ name: "" }]) {
      const key = weights.name ? `${one.name}:${weights.name}` : one.name;
      group.append(new Option(label(key), key));
    }
    model.append(group);
  }
  describe();
}


/** Say what a colorizer is good for, under which licence, and show its form. */
export function describe() {
  const key = model.value, about = byId("about"), found = modelOf(key);
  const shown = found ?? modelOf(Object.values(state.suited)[0] ?? "") ?? state.models[0];
  if (!shown) { about.textContent = "No colorizer is installed."; return; }
  options = schemaForm(shown.options, byId("options"), byId("more-options"), state.limits.samples);
  byId("more").hidden = !found || !options.count;
  if (!found) { about.textContent = "A portrait, a photo, a painted or an inked page: the picture decides."; return; }
  const weights = weightsOf(key);
  const good = (weights?.domains.length ? weights.domains : found.domains).map((one) => GOOD_FOR[one] ?? one);
  about.replaceChildren(weights?.summary || found.summary,
    good.length ? make("span", { class: "tag" }, `for ${good.join(", ")}`) : "",
    weights?.license ? make("span", { class: "tag" }, weights.license) : "",
    make("span", { class: "tag" }, `by ${found.distribution}`));
  if (weights?.card) {
    about.append(make("button", { type: "button", class: "link", onclick: async () => {
      openDialog(`Card of ${label(key)}`, make("pre", { class: "card", tabIndex: 0 }, await api.text(weights.card)));
    } }, "Card"));
  }
}
