const filters = byId("filters");
const within = (value, limit) => !limit || (value !== "" && Number(value) <= Number(limit));
const same = (value, wanted) => !wanted || value === wanted;

const choose = () => {
  const wanted = Object.fromEntries(new FormData(filters));
  let shown = 0, all = 0;
  for (const board of every(".board")) {
    let left = 0;
    for (const row of every(".ranks tbody tr", board)) {
      const facts = row.dataset, baseline = row.classList.contains("baseline");
      row.hidden = baseline ? !wanted.baselines : !(same(facts.license, wanted.license)
        && same(facts.machine, wanted.machine) && within(facts.parameters, wanted.parameters)
        && within(facts.milliseconds, wanted.milliseconds));
      if (!baseline) { all += 1; left += row.hidden ? 0 : 1; }
    }
    board.hidden = !same(board.dataset.domain, wanted.domain);
    board.querySelector(".none").hidden = left > 0;
    shown += board.hidden ? 0 : left;
  }
  byId("shown").textContent = `${shown} of ${all} methods`;
};

filters.hidden = false;
filters.addEventListener("change", choose);
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("reset", () => setTimeout(choose));
choose();
