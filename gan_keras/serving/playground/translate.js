// The panel of models that translate images: one is picked, dropped or, at first, drawn here; its translation is shown beside it.

const directionsOf = (model) => Object.keys(model.signatures).filter((name) => (
  name !== "serving_default" && model.signatures[name].inputs.image?.shape?.length === 4));

const canTranslate = (model) => model.modality === "translation" && directionsOf(model).length > 0;

// A white 7 on black: something to translate before a picture is chosen.
function drawExample() {
  const canvas = make("canvas", { width: 64, height: 64 });
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, 64, 64);
  Object.assign(context, { fillStyle: "white", font: "bold 56px sans-serif", textAlign: "center", textBaseline: "middle" });
  context.fillText("7", 32, 34);
  return canvas;
}

// Nested rows of pixels in [0, 1], in the shape that a signature reads: an image is scaled to it.
function pixelsOf(source, [, height, width, channels]) {
  const canvas = make("canvas", { width: width ?? source.width, height: height ?? source.height });
  const context = canvas.getContext("2d");
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: canvas.height }, (_, y) => Array.from({ length: canvas.width }, (__, x) => {
    const at = 4 * (y * canvas.width + x);
    const [red, green, blue] = [data[at] / 255, data[at + 1] / 255, data[at + 2] / 255];
    return channels === 1 ? [0.299 * red + 0.587 * green + 0.114 * blue] : [red, green, blue];
  }));
}

async function pictureOf(file) {
  if (!file) return drawExample();
  try {
    return await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name} is no picture that this browser can read. Choose a PNG or JPEG file.`);
  }
}

function translatePanel(model) {
  const file = make("input", { type: "file", name: "file", accept: "image/*" });
  const form = make("form", {}, field("Picture (pick one, or drop it here; empty: a drawn 7)", file, "wide"),
    selectField("Direction", "signature", directionsOf(model).map((name) => [name, name.replaceAll("_", " ")])),
    make("div", { className: "row" }, submitButton("Translate")));
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    file.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  file.addEventListener("change", () => form.requestSubmit());
  return panel("Generate", form, async ({ signature }, signal) => {
    const since = performance.now();
    const pixels = pixelsOf(await pictureOf(file.files[0]), model.signatures[signature].inputs.image.shape);
    const request = { signature, inputs: { image: [pixels] } };
    const outputs = await predict(model, request, signal);
    const translated = described(drawImage(columnOf(outputs)[0]), "Its translation");
    const everything = { model: model.name, ...request, outputs };
    const files = [["PNG", "png", () => pngOf(translated)], ["JSON", "json", () => jsonBlob(everything)]];
    const shown = [described(drawImage(pixels), "The picture as it was sent"), translated];
    return [`1 translation in ${seconds(since)}.`, make("div", {}, IMAGE.arrange(shown), downloads(model, files))];
  });
}
