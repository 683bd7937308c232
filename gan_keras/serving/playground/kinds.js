// The differences between kinds of models. Each kind has
//   verb, noun, num      the button's text, the name of a result, the initial number of results
//   signature(model, chosen)  the signature that fits the chosen values
//   samples(outputs, captions, model)  an element for each sample
//   arrange(samples, outputs)   one element that holds them all
//   files(outputs, samples, model)  downloads besides JSON
//   remark(outputs)      a note on these results, optional

const firstOf = (model, names) => names.find((name) => name in model.signatures);

// Without a label: the signature that uses the labels in turn.
const byLabel = (model, chosen) => firstOf(model, chosen.label === undefined ? ["serving_default", "generate"] : ["generate", "serving_default"]);

const columnOf = (outputs) => Object.values(outputs)[0];

const TEXT = {
  verb: "Write", noun: "lines", num: 8,
  signature: (model, chosen) => (chosen.drafts === "guided" ? "guided" : firstOf(model, ["generate", "serving_default"])),
  samples: (outputs) => outputs.text.map((text) => make("span", {}, text)),
  arrange: (samples) => make("ol", { className: "lines" }, ...samples.map((sample) => make("li", {}, sample))),
  files: (outputs) => [["TXT", "txt", () => textBlob(outputs.text)]],
  remark: (outputs) => (outputs.text.some((text) => text.includes("<unk>"))
    ? " <unk> stands for words of the prompt that the model does not know."
    : ""),
};

const IMAGE = {
  verb: "Draw", noun: "images", num: 16,
  signature: (model, chosen) => firstOf(model, chosen.label === undefined ? plainNames(model) : ["encoded", "generate"]),
  async samples(outputs, captions) {
    const drawn = outputs.png_bytes
      ? outputs.png_bytes.map((wrapped) => drawPng(bytesOf(wrapped)))
      : outputs.image.map(drawImage);
    return (await Promise.all(drawn)).map((canvas, i) => described(canvas, `Image of ${captions[i]}`));
  },
  arrange: (samples) => make("div", { className: "grid" }, ...samples),
  files: (_, samples) => [["PNG", "png", () => pngOf(drawSheet(samples))]],
};

// Without a label: a signature that reads none and uses the labels in turn.
function plainNames(model) {
  const labelled = "label" in (model.signatures.encoded?.inputs ?? {});
  return labelled ? ["serving_default"] : ["encoded", "generate", "serving_default"];
}

// A line per channel of steps that are numbers or lists of them.
function channelsOf(steps) {
  const rows = steps.map((step) => [step].flat());
  return rows[0].map((_, channel) => rows.map((row) => row[channel]));
}

// WAV files from the server, or written here if the model card has the sample rate; otherwise undefined.
function wavsOf(outputs, model) {
  const rate = model?.card?.sample_rate;
  return outputs.wav_bytes?.map(bytesOf) ?? (rate > 0 ? outputs.waveform.map((wave) => wavOf(wave, rate)) : undefined);
}

const AUDIO = {
  verb: "Make sounds", noun: "sounds", num: 3,
  signature: (model) => firstOf(model, ["encoded", "generate", "serving_default"]),
  samples: (outputs, captions, model) => wavsOf(outputs, model)?.map((bytes, i) => soundItem(bytes, captions[i]))
    ?? outputs.waveform.map((wave, i) => described(drawLines(channelsOf(wave)), `Waveform of ${captions[i]}`)),
  arrange: (samples) => make("ul", { className: "stack" }, ...samples),
  files: (outputs, _, model) => (wavsOf(outputs, model) ?? []).map((bytes, i) => [
    `WAV ${i + 1}`, `${i + 1}.wav`, () => new Blob([bytes], { type: "audio/wav" })]),
};

const VIDEO = {
  verb: "Film", noun: "clips", num: 2,
  signature: byLabel,
  samples: (outputs, captions) => outputs.video.map((frames, i) => player(
    frames.map((frame, n) => described(drawImage(frame), `Frame ${n + 1} of ${captions[i]}`)), `Frame of ${captions[i]}`)),
  arrange: (samples) => make("div", { className: "stack" }, ...samples),
  files: () => [],
};

const SERIES = {
  verb: "Draw", noun: "series", num: 4,
  signature: byLabel,
  samples: (outputs, captions) => columnOf(outputs).map((steps, i) => described(
    drawLines(channelsOf(steps)), `Series of ${captions[i]}`)),
  arrange: (samples) => make("div", { className: "stack" }, ...samples),
  files: () => [],
};

const TABLE = {
  verb: "Make rows", noun: "rows", num: 10,
  signature: byLabel,
  samples: (outputs, captions) => captions.map((_, i) => make(
    "tr", {}, ...Object.values(outputs).map((column) => make("td", {}, String(column[i]))))),
  arrange: (samples, outputs) => scrolling("Rows", make(
    "table", {},
    make("thead", {}, make("tr", {}, ...Object.keys(outputs).map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...samples))),
  files: (outputs) => [["CSV", "csv", () => csvBlob(outputs)]],
};

const OTHER = {
  verb: "Ask", noun: "rows", num: 1,
  signature: (model) => firstOf(model, ["generate", "serving_default", ...Object.keys(model.signatures)]),
  samples: (outputs, captions) => captions.map((_, i) => make("pre", {}, JSON.stringify(
    Object.fromEntries(Object.entries(outputs).map(([name, column]) => [name, column[i]]))))),
  arrange: (samples) => make("div", {}, ...samples),
  files: () => [],
};

const KINDS = { text: TEXT, image: IMAGE, audio: AUDIO, video: VIDEO, series: SERIES, table: TABLE };

const kindOf = (model) => KINDS[model.modality] ?? OTHER;
