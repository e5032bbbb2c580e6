"use strict";
const byId = (id) => document.getElementById(id);

const select = byId("metric");
if (select) {
  const choose = () => {
    for (const row of document.querySelectorAll("#pairs tbody tr")) {
      row.hidden = row.dataset.metric !== select.value;
    }
  };
  select.addEventListener("change", choose);
  choose();
}

const viewer = byId("viewer"), before = byId("before"), after = byId("after");
const wipe = byId("wipe"), swap = byId("swap");
let shown = null;

const place = () => {
  after.style.clipPath = `inset(0 0 0 ${wipe.value}%)`;
  wipe.setAttribute("aria-valuetext", `${wipe.value} % before`);
};
const draw = () => {
  const original = swap.getAttribute("aria-pressed") === "true";
  const kind = original ? "original" : "gray";
  const other = shown.closest(".row").querySelector(`[data-kind=${kind}] img`);
  const mine = shown.querySelector("img");
  before.src = (other || mine).src;
  before.alt = other ? other.alt : mine.alt;
  after.src = mine.src;
  after.alt = mine.alt;
  byId("viewer-title").textContent = `${original ? "original" : "grey"} | ${mine.alt}`;
  place();
};

for (const button of document.querySelectorAll(".picture")) {
  button.addEventListener("click", () => {
    shown = button;
    wipe.value = 50;
    draw();
    viewer.showModal();
    wipe.focus();
  });
}
wipe.addEventListener("input", place);
swap.addEventListener("click", () => {
  swap.setAttribute("aria-pressed", String(swap.getAttribute("aria-pressed") !== "true"));
  draw();
});
byId("close").addEventListener("click", () => viewer.close());
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
viewer.addEventListener("close", () => { if (shown) shown.focus(); });
