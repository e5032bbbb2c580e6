"use strict";
const byId = (id) => document.getElementById(id);
const every = (query, within = document) => [...within.querySelectorAll(query)];

/* Headings sort: the better end first, then the other; what has no value stays last. */
for (const button of every("button.sort")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0];
    const first = button.dataset.better === "higher" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    for (const each of head.parentElement.cells) {
      if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", "none");
    }
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const valueOf = (row) => row.cells[head.cellIndex].dataset.value;
    const compare = (one, another) => {
      if (one === "" || another === "") return (one === "") - (another === "");
      return sign * (head.classList.contains("n") ? one - another : one.localeCompare(another));
    };
    body.append(...[...body.rows].sort((one, another) => compare(valueOf(one), valueOf(another))));
  });
}
