// The part of the form that moves samples along a direction of the latents, for models with the signature `edit`.

const MAX_STRENGTH = 3; // deviations; the signature takes up to 6, where few latents are

const canEdit = (model) => ["seed", "direction", "strength"].every((name) => name in (model.signatures.edit?.inputs ?? {}));

function directionField(model) {
  const names = model.card?.directions;
  if (!Array.isArray(names)) return numberField("Direction", "direction", 0, 0, MAX_SEED);
  const choice = selectField("Direction", "direction", names.map((name, number) => [number, String(name)]));
  choice.lastChild.dataset.number = "yes";
  return choice;
}

// Each change draws the same seeds again. A strength of 0 is no edit: the request is then the same as without this part.
function editFields(model, form) {
  const direction = directionField(model);
  const strength = rangeField("Strength, deviations", "strength", 0, -MAX_STRENGTH, MAX_STRENGTH, 0.5);
  const reset = make("button", { type: "button" }, "Reset strength");
  const [choice, slider, drafts] = [direction.lastChild, strength.lastChild, form.elements.drafts];
  slider.addEventListener("input", () => {
    if (drafts) drafts.disabled = slider.value !== "0";
    form.requestSubmit();
  });
  choice.addEventListener("change", () => { if (slider.value !== "0") form.requestSubmit(); });
  reset.addEventListener("click", () => {
    slider.value = 0;
    slider.dispatchEvent(new Event("input"));
  });
  const title = `Move the ${kindOf(model).noun} along a direction${drafts ? ", one draft each" : ""}`;
  return make("fieldset", {}, make("legend", {}, title), direction, strength, reset);
}
