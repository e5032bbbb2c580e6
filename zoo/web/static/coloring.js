/* Jobs: starts them, follows them, stops them. */
import * as api from "./api.js";
import { byId, say } from "./dom.js";
import * as queue from "./queue.js";
import { state } from "./state.js";

const AT_ONCE = 4; // browsers open six connections to a server: two are left to look at pictures
let told = () => {}, stopped = false;

/** told(item): called whenever a picture's state has changed. */
export function install(functions) {
  ({ told } = functions);
  byId("cancel").addEventListener("click", stop);
}

/** Colour pictures by a colorizer, or by what suits them: a job for the pages of a book, else one each. */
export async function color(items, key, body, asBook) {
  const request = { ...body, model: key || null };
  for (const item of items) { item.status = "queued"; item.error = ""; told(item); }
  const groups = new Map();
  for (const item of items) {
    const group = item.book ?? (asBook ? "all" : item.key);
    groups.set(group, [...(groups.get(group) ?? []), item]);
  }
  const waiting = [...groups.values()];
  stopped = false;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let group; (group = waiting.shift());) await start(group, { ...request, consistent: asBook && group.length > 1 });
  }));
}

async function start(group, request, again = true) {
  try {
    const pictures = group.map((item) => ({ id: item.picture.id }));
    const job = await submitted({ ...request, pictures });
    if (!job) { fail(group, "cancelled", ""); return group.forEach(told); }
    state.running.set(job.id, group);
    update(group, job);
    const last = await api.follow(job.id, (body) => update(group, body));
    if (request.consistent && last) update(group, last, true);
    state.running.delete(job.id);
  } catch (problem) {
    for (const [id, items] of state.running) if (items === group) state.running.delete(id);
    if (problem.gone && again) {
      try {
        await queue.resend(group);
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
  while (!stopped) {
    try {
      return await api.colorize(request);
    } catch (problem) {
      if (problem.status !== 429) throw problem;
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
  return null;
}

function fail(group, status, error) {
  for (const item of group) if (!["done", "kept", "failed"].includes(item.status)) Object.assign(item, { status, error });
}

/** agreed: colours of finished pages are others than before, those that the book agrees on. */
function update(group, job, agreed = false) {
  const key = job.weights ? `${job.model}:${job.weights}` : job.model;
  group.forEach((item, index) => {
    const page = job.pictures[index];
    const before = item.status;
    item.status = page.status;
    item.error = page.error ?? "";
    if (page.status === "kept") Object.assign(item.picture, { width: page.width, height: page.height });
    const changed = before !== item.status || agreed;
    if (page.status === "done" && (changed || item.results.get(key)?.job !== job.id)) {
      const { files, record, width, height, notes } = page;
      item.results.set(key, { job: job.id, index, files, record, width, height, notes });
      item.shown = key;
      item.sample = Math.min(item.sample, files.length - 1);
    }
    if (changed) told(item);
  });
}

async function stop() {
  stopped = true;
  await Promise.all([...state.running.keys()].map((job) => api.cancel(job).catch(() => {})));
  say("Stopped; what is coloured stays.");
}
