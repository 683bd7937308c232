// The panel that generates samples: a field for each input of the model's signatures, a seed for each sample.

// Fields of known inputs; other inputs get a plain field.
const FIELDS = {
  prompt: () => textField("Prompt: how each line begins", "prompt"),
  temperature: () => rangeField("Temperature", "temperature", 1, 0.05, 2, 0.05),
  top_p: () => rangeField("Top-p", "top_p", 1, 0.05, 1, 0.05),
};

function labelField(model, required) {
  const names = model.card?.labels;
  if (!Array.isArray(names)) return numberField(required ? "Label" : "Label (empty: in turn)", "label", required ? 0 : "", 0, MAX_SEED, required);
  const options = names.map((name, label) => [label, String(name)]);
  const choice = selectField("Label", "label", required ? options : [["", "in turn"], ...options]);
  choice.lastChild.dataset.number = "yes";
  return choice;
}

function plainField(name, info) {
  if (info.dtype === "string") return textField(name, name);
  const control = make("input", { type: "number", name, step: "any", required: true, value: 0 });
  return field(name, control, "half");
}

function inputsOf(model, kind) {
  const names = [kind.signature(model, {}), kind.signature(model, { label: 0 }), kind.signature(model, { drafts: "guided" })];
  const inputs = names.map((name) => model.signatures[name]?.inputs ?? {});
  return Object.assign({}, ...inputs);
}

function generateForm(model, kind) {
  const inputs = inputsOf(model, kind);
  const isUncounted = canEdit(model) && !(model.card?.num_labels > 0); // labels in turn need their number
  const labelled = isUncounted || "label" in (model.signatures[kind.signature(model, {})]?.inputs ?? {});
  const fields = Object.entries(inputs).filter(([name]) => name !== "seed").map(([name, info]) => (
    name === "label" ? labelField(model, labelled) : (FIELDS[name] ?? plainField)(name, info)));
  if ("guided" in model.signatures) {
    const drafts = model.card?.guided_candidates ?? "several";
    const way = model.card?.guided_choice === "resample" ? "Resampled among" : "Best of"; // the best in versions of release 0.1
    fields.push(selectField("Drafts", "drafts", [["one", "One"], ["guided", `${way} ${drafts}`]]));
  }
  const counted = "seed" in inputs
    ? [numberField("Seed", "seed", 0, 0, MAX_SEED), numberField(`How many ${kind.noun}`, "num", kind.num, 1, 64)]
    : [];
  const form = make("form", {}, ...fields.sort((a, b) => b.classList.contains("wide") - a.classList.contains("wide")), ...counted);
  if (kind === IMAGE) form.append(sizeField());
  if (canEdit(model)) form.append(editFields(model, form));
  form.append(make("div", { className: "row" }, submitButton(kind.verb), ...(counted.length ? [nextButton(form)] : [])));
  return form;
}

function sizeField() {
  const choice = rangeField("Shown size", "size", 96, 32, 288, 16, " px");
  const control = choice.querySelector("input");
  control.addEventListener("input", () => control.closest("section").style.setProperty("--size", `${control.value}px`));
  return choice;
}

// Continues with the seeds after the current ones.
function nextButton(form) {
  const button = make("button", { type: "button" }, "Next seeds");
  button.addEventListener("click", () => {
    form.elements.seed.value = Number(form.elements.seed.value) + Number(form.elements.num.value);
    form.requestSubmit();
  });
  return button;
}

function requestOf(model, kind, values) {
  const signature = values.strength ? "edit" : kind.signature(model, values);
  const num = values.num ?? 1;
  const rules = {
    seed: (i) => values.seed + i,
    label: (i) => values.label ?? (values.seed + i) % model.card.num_labels, // in turn, as the models do
  };
  const columns = Object.keys(model.signatures[signature].inputs).map((name) => [
    name,
    Array.from({ length: num }, (_, i) => rules[name]?.(i) ?? values[name]),
  ]);
  return { signature, inputs: Object.fromEntries(columns) };
}

function generatePanel(model) {
  const kind = kindOf(model);
  return panel("Generate", generateForm(model, kind), async (values, signal) => {
    const since = performance.now();
    const request = requestOf(model, kind, values);
    const outputs = await predict(model, request, signal);
    const moved = values.strength ? ` at strength ${values.strength}` : "";
    const captions = request.inputs.seed?.map((seed) => `seed ${seed}${moved}`) ?? ["the input"];
    const samples = await kind.samples(outputs, captions, model);
    const message = `${samples.length} ${kind.noun} in ${seconds(since)}.${kind.remark?.(outputs) ?? ""}`;
    return [message, resultOf(model, kind, request, outputs, samples)];
  });
}

// The request as a command, and a button that copies it: where the page may not use the clipboard, it marks the command instead.
function curlPart(text) {
  const command = make("pre", { tabIndex: 0 }, text);
  const button = make("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(command);
      button.textContent = "Marked: press Ctrl+C";
    }
  });
  const seeds = make("p", { className: "hint" }, "A seed is a sample's number: the same seed gives the same sample, alone and among others.");
  return make("details", {}, make("summary", {}, "The same with curl"), command, button, seeds);
}

function resultOf(model, kind, request, outputs, samples) {
  const everything = { model: model.name, ...request, outputs };
  const files = [...kind.files(outputs, samples, model), ["JSON", "json", () => jsonBlob(everything)]];
  return make("div", {}, kind.arrange(samples, outputs), downloads(model, files), curlPart(curlOf(model, request)));
}
