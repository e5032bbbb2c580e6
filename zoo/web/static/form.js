/* A form made from the JSON schema of a colorizer's options. */
import { make } from "./dom.js";

const EVERYDAY = ["samples", "seed"];

/** Return the schema that counts: of a reference, or of what stands beside null. */
function resolved(schema, root) {
  if (schema.$ref) return { ...resolved(root.$defs[schema.$ref.split("/").pop()], root), ...schema, $ref: undefined };
  if (schema.allOf?.length === 1) return { ...resolved(schema.allOf[0], root), ...schema, allOf: undefined };
  if (schema.anyOf) {
    const others = schema.anyOf.filter((one) => one.type !== "null");
    const nullable = others.length < schema.anyOf.length;
    if (others.length === 1) return { ...schema, ...resolved(others[0], root), anyOf: undefined, nullable };
    return { ...schema, type: "string", nullable };
  }
  return schema;
}

const title = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

function numeric(id, schema) {
  const low = schema.minimum ?? schema.exclusiveMinimum, high = schema.maximum ?? schema.exclusiveMaximum;
  const whole = schema.type === "integer";
  const bounded = low !== undefined && high !== undefined && high - low <= 100;
  const step = whole ? 1 : bounded ? (high - low) / 40 : "any";
  const input = make("input", { id, type: bounded ? "range" : "number", step });
  if (low !== undefined) input.min = low;
  if (high !== undefined && high <= 2 ** 31) input.max = high;
  if (schema.nullable) input.placeholder = "any";
  if (id === "option-seed") input.title = "the same seed gives the same colours";
  return input;
}

function control(id, schema) {
  if (schema.enum) return make("select", { id }, ...schema.enum.map((value) => new Option(value, value)));
  if (schema.const !== undefined) return make("select", { id }, new Option(schema.const, schema.const));
  if (schema.type === "boolean") return make("input", { id, type: "checkbox" });
  if (schema.type === "integer" || schema.type === "number") return numeric(id, schema);
  return make("input", { id, type: "text", placeholder: schema.nullable ? "none" : "" });
}

function valueOf(input, schema) {
  if (input.type === "checkbox") return input.checked;
  if (input.value === "") return schema.nullable ? null : undefined;
  if (schema.type === "integer" || schema.type === "number") return Number(input.value);
  if (schema.enum) return schema.enum[input.selectedIndex];
  if (schema.type === "array" || schema.type === "object") return JSON.parse(input.value);
  return input.value;
}

function fill(input, value) {
  if (input.type === "checkbox") input.checked = Boolean(value);
  else input.value = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : value;
  input.dispatchEvent(new Event("shown"));
}

function field(name, schema, input) {
  const help = schema.description ? make("small", { id: `${input.id}-help`, class: "soft" }, schema.description) : null;
  if (help) input.setAttribute("aria-describedby", help.id);
  if (input.type === "checkbox") return make("div", { class: "field" }, make("label", { class: "check" }, input, title(name)), help);
  const parts = [make("label", { for: input.id }, title(name))];
  if (input.type === "range") {
    const output = make("output", { for: input.id });
    const show = () => { output.textContent = Number(Number(input.value).toFixed(2)); };
    input.addEventListener("input", show);
    input.addEventListener("shown", show);
    parts.push(output);
  }
  return make("div", { class: "field" }, ...parts, input, help);
}

/** The fields of a schema, nested objects by dotted names. */
function* leaves(schema, root, prefix = []) {
  for (const [name, raw] of Object.entries(schema.properties ?? {})) {
    const one = resolved(raw, root);
    if (one.type === "object" && one.properties) yield* leaves(one, root, [...prefix, name]);
    else yield { path: [...prefix, name], schema: one };
  }
}

/**
 * Put a form for a schema into two places, what everybody uses and the rest.
 * Returns `values()`, of what differs from the defaults, and `set(values)`.
 */
export function schemaForm(schema, everyday, more, mostSamples) {
  const fields = [...leaves(schema, schema)].map(({ path, schema: found }) => {
    const name = path.join("."), one = { ...found };
    if (name === "samples") Object.assign(one, { maximum: Math.min(mostSamples, 8), default: Math.min(4, mostSamples) });
    const input = control(`option-${name}`, one);
    const shown = { ...one, description: EVERYDAY.includes(name) ? "" : one.description };
    const row = field(path.at(-1), shown, input);
    fill(input, one.default);
    return { path, name, schema: one, input, row, asDefault: found.default };
  });
  everyday.replaceChildren(...fields.filter((one) => EVERYDAY.includes(one.name)).map((one) => one.row));
  more.replaceChildren(...fields.filter((one) => !EVERYDAY.includes(one.name)).map((one) => one.row));
  return {
    count: fields.filter((one) => !EVERYDAY.includes(one.name)).length,
    values() {
      const values = {};
      for (const { path, schema: one, input, asDefault } of fields) {
        const value = valueOf(input, one);
        if (value === undefined || JSON.stringify(value) === JSON.stringify(asDefault) && path[0] !== "samples") continue;
        let place = values;
        for (const part of path.slice(0, -1)) place = place[part] ??= {};
        place[path.at(-1)] = value;
      }
      return values;
    },
  };
}
