/* The blind test: two pictures, one question, and the next. */
import * as api from "./api.js";
import { byId, make, say } from "./dom.js";

const CHOICES = ["left", "right", "same"];
let question = null;

async function ask() {
  question = null;
  for (const choice of CHOICES) byId(choice).disabled = true;
  const { question: next, answers } = await api.answer("v1/blind/question", {});
  for (const side of ["left", "right", "gray"]) {
    const image = byId(`${side}-picture`);
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(await api.blob(`v1/blind/${next}/${side}`));
  }
  question = next;
  for (const choice of CHOICES) byId(choice).disabled = false;
  document.body.dataset.answers = answers;
}

async function choose(choice) {
  if (!question) return;
  try {
    const { left, right } = await api.answer("v1/blind/answer", { question, choice });
    const words = { left: `You preferred ${left} to ${right}.`, right: `You preferred ${right} to ${left}.`, same: `No difference between ${left} and ${right}.` };
    byId("told").textContent = words[choice];
    if (byId("rates").children.length) await show();
    await ask();
  } catch (problem) {
    say(problem.message, true);
  }
}

async function show() {
  const rates = await api.json("v1/blind/rates");
  const percent = (share) => `${Math.round(100 * share)} %`;
  const rows = rates.map((one) => {
    const shown = one.low > 0.5 ? `${one.one} is preferred` : one.high < 0.5 ? `${one.other} is preferred` : "no preference shown";
    return make("li", {}, make("strong", {}, `${one.one} over ${one.other}: ${percent(one.rate)}`), ` (95 % interval ${percent(one.low)} to ${percent(one.high)}), `,
      `${one.answers} answer${one.answers === 1 ? "" : "s"}, ${one.ties} without difference: ${shown}`);
  });
  byId("rates").replaceChildren(rates.length ? make("ul", {}, ...rows) : make("p", {}, "Nobody has answered yet."));
}

for (const choice of CHOICES) byId(choice).addEventListener("click", () => choose(choice));
byId("show").addEventListener("click", () => show().catch((problem) => say(problem.message, true)));
addEventListener("keydown", (event) => {
  const choice = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "same" }[event.key];
  if (!choice || event.target.tagName === "INPUT") return;
  event.preventDefault();
  choose(choice);
});
ask().catch((problem) => say(problem.message, true));
