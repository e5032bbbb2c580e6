/* The reference of the API, made from openapi.json: no build step, no other server. */
import * as api from "./api.js";
import { byId, make } from "./dom.js";

const spec = await api.json("openapi.json");

const nameOf = (schema) => schema?.$ref?.split("/").pop();

function typeOf(schema = {}) {
  if (schema.$ref) return nameOf(schema);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  return schema.type ?? "anything";
}

function table(schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, one]) => make("tr", {},
    make("th", { scope: "row" }, name, (schema.required ?? []).includes(name) ? " *" : ""),
    make("td", {}, typeOf(one)),
    make("td", {}, [one.description, one.default !== undefined && one.default !== null ? `default ${JSON.stringify(one.default)}` : ""].filter(Boolean).join("; "))));
  return make("table", {}, make("tbody", {}, ...rows));
}

function operation(path, method, one) {
  const bodies = Object.entries(one.requestBody?.content ?? {});
  const parameters = (one.parameters ?? []).map(({ name, in: place, schema, description }) => make("li", {}, make("code", {}, name), ` (${place}, ${typeOf(schema)}) ${description ?? schema?.description ?? ""}`));
  return make("section", {}, make("h2", {}, make("span", { class: "method" }, method.toUpperCase()), path),
    make("p", {}, one.description ?? one.summary ?? ""),
    parameters.length ? make("ul", {}, ...parameters) : null,
    ...bodies.flatMap(([type, { schema }]) => [
      make("h3", {}, `Body, ${type}${nameOf(schema) ? `: ${nameOf(schema)}` : ""}`), schema.$ref ? null : table(schema)]));
}

const origin = location.origin;
byId("api").replaceChildren(
  make("p", {}, spec.info.description, " Errors are problem details (RFC 9457). A token, where one is needed, is sent as Authorization: Bearer."),
  make("pre", { tabIndex: 0 }, `curl -F picture=@photo.jpg -H 'Accept: image/png' -o coloured.png ${origin}/v1/colorize`),
  ...Object.entries(spec.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => operation(path, method, one))),
  make("section", {}, make("h2", {}, "Bodies"), ...["ColorizeBody", "PictureRef", "GuidanceBody", "Hint", "GuideBody", "ExportBody", "JobBody", "JobPicture"]
    .filter((name) => spec.components.schemas[name])
    .flatMap((name) => [make("h3", {}, name), make("p", { class: "soft" }, spec.components.schemas[name].description ?? ""), table(spec.components.schemas[name])])));
byId("api").removeAttribute("aria-busy");
