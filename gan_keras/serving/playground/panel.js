// A panel: a form, its status, its error, and the result. The newest request wins.

const MAX_SEED = 2 ** 31;

// `work(values, signal)` returns a message and an element; `values` are those of the form.
function panel(title, form, work) {
  const status = make("p", { role: "status" });
  const alert = make("p", { role: "alert" });
  const result = make("div", { className: "result" });
  const heading = make("h3", {}, title);
  let running = new AbortController();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running.abort();
    const mine = new AbortController();
    running = mine;
    status.textContent = "Working.";
    alert.textContent = "";
    result.setAttribute("aria-busy", "true");
    try {
      const [message, element] = await work(valuesOf(form), mine.signal);
      if (running === mine) finish(message, element);
    } catch (error) {
      if (running === mine) fail(error);
    }
  });
  function finish(message, element) {
    result.replaceChildren(element);
    result.removeAttribute("aria-busy");
    status.textContent = message;
  }
  function fail(error) {
    result.removeAttribute("aria-busy");
    status.textContent = "";
    alert.textContent = error.message;
  }
  return make("section", { "aria-label": title }, heading, form, status, alert, result);
}

// Number and range controls give numbers; empty ones are left out.
function valuesOf(form) {
  const values = {};
  for (const control of form.elements) {
    if (!control.name || control.disabled) continue;
    const isNumber = ["number", "range"].includes(control.type) || control.dataset.number;
    if (control.value === "" && control.type !== "text") continue;
    values[control.name] = isNumber ? Number(control.value) : control.value;
  }
  return values;
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(2)} s`;
