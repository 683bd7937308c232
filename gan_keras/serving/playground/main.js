// The list of models and the current model, which the part of the address after # names.

let models = [];
let requested = "";

function readAddress() {
  if (!location.hash.startsWith("#/")) return; // the skip link
  try {
    requested = decodeURIComponent(location.hash.slice(2));
  } catch {
    requested = ""; // an invalid % code
  }
}

const isAvailable = (model) => model.version !== null;

function showList(chosen) {
  const items = models.map((model) => {
    const link = make("a", { href: `#/${encodeURIComponent(model.name)}` }, model.name, make("small", {}, isAvailable(model) ? model.modality : "not available"));
    if (model === chosen) link.setAttribute("aria-current", "page");
    return make("li", {}, link);
  });
  byId("models").replaceChildren(...items);
}

function factsOf(model) {
  const parameters = model.card?.generator_parameters;
  return [
    model.modality,
    `version ${model.version}`,
    ...(model.card?.class ? [String(model.card.class)] : []),
    ...(Number.isFinite(parameters) ? [`${parameters.toLocaleString("en")} parameters`] : []),
  ].join(" · ");
}

function signatureTable(model) {
  const infos = (tensors) => Object.entries(tensors).map(([name, info]) => (
    `${name}: ${info.dtype} ${info.shape ? `(${info.shape.map((dim) => dim ?? "any").join(", ")})` : "of any shape"}`)).join("\n");
  const rows = Object.entries(model.signatures).map(([name, { inputs, outputs }]) => make(
    "tr", {}, make("th", { scope: "row" }, name), ...[inputs, outputs].map((each) => make("td", { className: "signature" }, infos(each)))));
  const head = make("tr", {}, ...["Signature", "Reads", "Gives"].map((text) => make("th", { scope: "col" }, text)));
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
  return make("details", {}, make("summary", {}, "Signatures"), scrolling("Signatures", table));
}

const isPlayable = (model) => {
  const signature = model.signatures[kindOf(model).signature(model, {})];
  const isColumn = (info) => info.shape?.length === 1;
  return Boolean(signature) && Object.keys(signature.inputs).length > 0 && Object.values(signature.inputs).every(isColumn);
};

function showModel(model) {
  const heading = make("h2", { tabIndex: -1 }, model.name);
  byId("panels").replaceChildren(heading, ...(isAvailable(model) ? partsOf(model) : [make("p", { className: "why" }, `Not available. ${model.error}`)]));
  return heading;
}

function partsOf(model) {
  const panels = [
    ...(canTranslate(model) ? [translatePanel(model)] : []),
    ...(isPlayable(model) ? [generatePanel(model)] : []),
    ...(canWalk(model) ? [walkPanel(model)] : []),
  ];
  if (!panels.length) panels.push(make("p", {}, "This page has no form for this model's inputs. Other clients can call it."));
  return [make("p", { className: "facts" }, factsOf(model)), ...panels, signatureTable(model)];
}

function show() {
  const model = models.find(({ name }) => name === requested) ?? models.find(isAvailable) ?? models[0];
  showList(model);
  if (!model) return byId("panels").replaceChildren();
  const heading = showModel(model);
  // Something to look at, before anything is asked for; what an unknown model reads is not guessed.
  if (canTranslate(model) || (isPlayable(model) && kindOf(model) !== OTHER)) document.querySelector("#panels form").requestSubmit();
  return heading;
}

async function load() {
  try {
    models = await listModels();
    byId("notice").textContent = models.length ? "" : "This server has no models. Export one with gan_keras.export.";
    show();
  } catch (error) {
    byId("notice").textContent = error.message;
  }
}

addEventListener("hashchange", () => {
  readAddress();
  if (location.hash.startsWith("#/")) show()?.focus();
});
byId("reload").addEventListener("click", load);
readAddress();
load();
