const metric = byId("metric");
if (metric) {
  const choose = () => {
    for (const row of every("#pairs tbody tr")) row.hidden = row.dataset.metric !== metric.value;
  };
  metric.addEventListener("change", choose);
  choose();
}

const viewer = byId("viewer"), wipe = byId("wipe"), left = byId("left"), right = byId("right");
let rows = [], at = 0, opener = null;
const wanted = { left: "grey", right: "" };

const place = () => {
  byId("after").style.clipPath = `inset(0 0 0 ${wipe.value}%)`;
  wipe.setAttribute("aria-valuetext", `${wipe.value} % of ${left.value}`);
};
const show = (image, select) => {
  const button = buttons().find((each) => each.dataset.name === select.value);
  image.src = button.querySelector("img").src;
  image.alt = button.querySelector("img").alt;
};
const buttons = () => every(".picture", rows[at]);
const fill = (select, name, fallback) => {
  const names = buttons().map((each) => each.dataset.name);
  select.replaceChildren(...names.map((each) => new Option(each, each)));
  select.value = names.includes(name) ? name : names[Math.min(fallback, names.length - 1)];
};
const draw = () => {
  show(byId("before"), left);
  show(byId("after"), right);
  byId("viewer-title").textContent = rows[at].dataset.title;
  byId("count").textContent = `${at + 1} of ${rows.length}`;
  place();
};
const go = (step) => {
  at = (at + step + rows.length) % rows.length;
  fill(left, wanted.left, 0);
  fill(right, wanted.right, 2);
  draw();
};

for (const button of every(".picture")) {
  button.addEventListener("click", () => {
    opener = button;
    rows = every(".row", button.closest(".gallery")).filter((row) => row.querySelector(".picture"));
    at = rows.indexOf(button.closest(".row"));
    if (wanted.left === button.dataset.name) wanted.left = button.dataset.name === "grey" ? "original" : "grey";
    wanted.right = button.dataset.name;
    wipe.value = 50;
    viewer.showModal();
    byId("next").focus();
    go(0);
  });
}
for (const [select, side] of [[left, "left"], [right, "right"]]) {
  select.addEventListener("change", () => { wanted[side] = select.value; draw(); });
}
wipe.addEventListener("input", place);
byId("previous").addEventListener("click", () => go(-1));
byId("next").addEventListener("click", () => go(1));
byId("close").addEventListener("click", () => viewer.close());
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
viewer.addEventListener("close", () => { if (opener) opener.focus(); });
viewer.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.target.tagName === "SELECT") return;  /* the slider has up and down, home and end */
  event.preventDefault();
  go(step);
});
addEventListener("beforeprint", () => every("details").forEach((part) => { part.open = true; }));
