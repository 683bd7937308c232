// Elements. Text from a server never becomes markup: nothing here parses HTML.

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const byId = (id) => document.getElementById(id);

let fieldCount = 0;

// A control below its label. `size` is "wide", "half" or ""; `shown` follows the title.
function field(title, control, size = "", shown = "") {
  control.id = `field-${++fieldCount}`;
  const label = make("label", { htmlFor: control.id }, title, shown);
  return make("div", { className: `field ${size}` }, label, control);
}

function textField(title, name) {
  return field(title, make("input", { type: "text", name, autocomplete: "off", maxLength: 2000 }), "wide");
}

function numberField(title, name, value, min, max, required = true) {
  return field(title, make("input", { type: "number", name, min, max, step: 1, required, value }), "half");
}

function rangeField(title, name, value, min, max, step, unit = "") {
  const control = make("input", { type: "range", name, min, max, step, value });
  const shown = make("span", { className: "value", "aria-hidden": "true" }, value + unit);
  control.addEventListener("input", () => { shown.textContent = control.value + unit; });
  return field(title, control, "half", shown);
}

// `options` are pairs of a value and its text.
function selectField(title, name, options) {
  const choices = options.map(([value, text]) => make("option", { value }, text));
  return field(title, make("select", { name }, ...choices), "half");
}

function submitButton(text) {
  return make("button", { type: "submit" }, text);
}

// A wide element in a frame that scrolls, also by keyboard.
function scrolling(title, element) {
  return make("div", { className: "scroll", role: "region", tabIndex: 0, "aria-label": title }, element);
}
