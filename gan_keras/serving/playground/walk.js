// The panel that walks from one sample to another along the latents between them.

const FRAMES = 25;
const MAX_NUMBERS = 200000; // per answer: JSON of many pixels is long

const sizeOf = (info) => (info.shape ?? []).slice(1).reduce((size, dim) => size * (dim ?? 64), 1);

function latentsOf(values, dim) {
  const [first, second] = [normalLatents(values.from, dim), normalLatents(values.to, dim)];
  return Array.from({ length: FRAMES }, (_, i) => between(first, second, i / (FRAMES - 1)));
}

function joined(parts) {
  const names = Object.keys(parts[0]);
  return Object.fromEntries(names.map((name) => [name, parts.flatMap((part) => part[name])]));
}

function walkForm(model) {
  const labels = "label" in model.signatures.latents.inputs ? [labelField(model, true)] : [];
  const seeds = [numberField("From seed", "from", 1, 0, MAX_SEED), numberField("To seed", "to", 2, 0, MAX_SEED)];
  return make("form", {}, ...seeds, ...labels, submitButton("Walk"));
}

async function walk(model, values, signal) {
  const { inputs, outputs } = model.signatures.latents;
  const latents = latentsOf(values, inputs.latents.shape[1]);
  const rows = Math.max(1, Math.floor(MAX_NUMBERS / Object.values(outputs).reduce((sum, info) => sum + sizeOf(info), 0)));
  const parts = [];
  for (let start = 0; start < FRAMES; start += rows) {
    const block = latents.slice(start, start + rows);
    const label = "label" in inputs ? { label: block.map(() => values.label) } : {};
    parts.push(await predict(model, { signature: "latents", inputs: { latents: block, ...label } }, signal));
  }
  return { latents, outputs: joined(parts) };
}

function walkPanel(model) {
  const kind = kindOf(model);
  return panel("Walk between two samples", walkForm(model), async (values, signal) => {
    const since = performance.now();
    const { latents, outputs } = await walk(model, values, signal);
    const captions = latents.map((_, i) => `step ${i + 1} of ${FRAMES}`);
    const frames = await kind.samples(outputs, captions);
    const everything = { model: model.name, signature: "latents", from: values.from, to: values.to, inputs: { latents }, outputs };
    const files = [...kind.files(outputs, frames), ["JSON", "json", () => jsonBlob(everything)]];
    const shown = player(frames, `Place between seed ${values.from} and seed ${values.to}`);
    return [`${FRAMES} steps in ${seconds(since)}.`, make("div", {}, shown, downloads(model, files))];
  });
}

const canWalk = (model) => {
  const inputs = model.signatures.latents?.inputs;
  return Boolean(inputs && Number.isInteger(inputs.latents?.shape?.[1])) && ["text", "image", "audio", "series"].includes(model.modality);
};
