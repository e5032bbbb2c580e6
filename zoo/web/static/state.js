/* What the page knows: pictures in a row, each with what colorizers made of it. */
export const state = {
  models: [], limits: {}, suited: {}, books: [],
  items: [], current: null,
  running: new Map(), // job id → pictures in it
};

let next = 1;

/** A picture of the queue; `file` and `nth` say where it came from, should the server forget it. */
export function newItem(file, name, nth = 0) {
  return {
    key: next++, file, nth, name, book: null, picture: null, status: "uploading", error: "",
    results: new Map(), shown: null, sample: 0, hints: [], past: [], left: "",
  };
}

/** The result that is shown, if there is one. */
export const resultOf = (item) => item?.results.get(item.shown) ?? null;

export const modelOf = (key) => state.models.find((model) => model.name === key.split(":")[0]);
export const weightsOf = (key) => modelOf(key)?.weights.find((one) => one.name === key.split(":")[1]);
export const label = (key) => key.replace(":default", "");
