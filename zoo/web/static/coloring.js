/* Jobs: starts them, follows them, stops them. */
import * as api from "./api.js";
import { byId, say } from "./dom.js";
import * as queue from "./queue.js";
import { state } from "./state.js";

let told = () => {};

/** told(item): called whenever a picture's state has changed. */
export function install(functions) {
  ({ told } = functions);
  byId("cancel").addEventListener("click", stop);
}

/** Colour pictures by a colorizer, or by what suits them: a job each, or one for the pages of a book. */
export async function color(items, key, body, asBook) {
  const request = { ...body, model: key || null };
  for (const item of items) { item.status = "queued"; item.error = ""; told(item); }
  const groups = asBook && items.length > 1 ? [items] : items.map((item) => [item]);
  await Promise.all(groups.map((group) => start(group, { ...request, consistent: group.length > 1 })));
}

async function start(group, request, again = true) {
  try {
    const pictures = group.map((item) => ({ id: item.picture.id }));
    const job = await submitted({ ...request, pictures });
    if (!job) return fail(group, "cancelled", "");
    state.running.set(job.id, group);
    update(group, job);
    await api.follow(job.id, (body) => update(group, body));
    state.running.delete(job.id);
  } catch (problem) {
    for (const [id, items] of state.running) if (items === group) state.running.delete(id);
    if (problem.gone && again) {
      try {
        await Promise.all(group.map(queue.resend));
        return start(group, request, false);
      } catch { /* the first reason is the better one */ }
    }
    fail(group, "failed", problem.message);
    say(problem.message, true);
  }
  group.forEach(told);
}

/** Send a job; wait and try again while the server has too many; null where it was stopped meanwhile. */
async function submitted(request) {
  for (stopped = false; !stopped;) {
    try {
      return await api.colorize(request);
    } catch (problem) {
      if (problem.status !== 429) throw problem;
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
  return null;
}
let stopped = false;

function fail(group, status, error) {
  for (const item of group) if (!["done", "failed"].includes(item.status)) Object.assign(item, { status, error });
}

function update(group, job) {
  const key = job.weights ? `${job.model}:${job.weights}` : job.model;
  group.forEach((item, index) => {
    const page = job.pictures[index];
    const before = item.status;
    item.status = page.status;
    item.error = page.error ?? "";
    if (page.status === "done" && (before !== "done" || item.results.get(key)?.job !== job.id)) {
      const { files, record, width, height, notes } = page;
      item.results.set(key, { job: job.id, index, files, record, width, height, notes });
      item.shown = key;
      item.sample = Math.min(item.sample, files.length - 1);
    }
    if (before !== item.status || item.status === "done") told(item);
  });
}

async function stop() {
  stopped = true;
  await Promise.all([...state.running.keys()].map((job) => api.cancel(job).catch(() => {})));
  say("Stopped; what is coloured stays.");
}
