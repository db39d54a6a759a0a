// Elements without markup in strings, so that no word of the device's is ever read as HTML.

/** Make an element; attributes that are functions listen, those that are null or false are left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Draw one of icons.svg; what it stands for is said by the text beside it. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Make a labelled switch; `changed` is told whether it is on. */
export function toggle(label, isOn, changed) {
  const box = el("input", { type: "checkbox", role: "switch", change: () => changed(box.checked) });
  box.checked = isOn;
  return el("label", { class: "toggle" }, box, el("span", {}, label));
}

/** Ask for a yes in a dialog; resolves to whether it was given. */
export function ask(question, yes, no) {
  return new Promise((resolve) => {
    const dialog = el(
      "dialog",
      { "aria-labelledby": "question", close: () => { dialog.remove(); resolve(dialog.returnValue === "yes"); } },
      el("form", { method: "dialog" },
        el("p", { id: "question" }, question),
        el("div", { class: "row" },
          el("button", { value: "yes", class: "danger" }, yes),
          el("button", { value: "no" }, no))),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

let fading = 0;

/** Tell something for a few seconds, also to screen readers. */
export function toast(text, isFault = false) {
  const place = document.getElementById("toast");
  place.textContent = text;
  place.classList.toggle("fault", isFault);
  clearTimeout(fading);
  fading = setTimeout(() => { place.textContent = ""; }, 8000);
}
