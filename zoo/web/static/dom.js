/* Small helpers around the document. */
export const byId = (id) => document.getElementById(id);

/** Make an element: properties by name, `class`, `data` and `aria-…` among them; then children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className = value;
    else if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Say something in passing; errors stay longer. */
export function say(text, isError = false) {
  const toast = make("p", { class: isError ? "toast error" : "toast", role: isError ? "alert" : "status" }, text,
    make("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => toast.remove() }, "×"));
  byId("toasts").append(toast);
  setTimeout(() => toast.remove(), isError ? 12000 : 4000);
}

export function openDialog(title, ...content) {
  byId("dialog-title").textContent = title;
  byId("dialog-body").replaceChildren(...content);
  byId("dialog").showModal();
}

/** Call a function at most once a frame, with the latest arguments. */
export function once(action) {
  let waiting = null;
  return (...args) => {
    if (!waiting) requestAnimationFrame(() => { const latest = waiting; waiting = null; action(...latest); });
    waiting = args;
  };
}

export function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
