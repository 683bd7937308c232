// Results as files, created on this page on request.

const fileName = (model, ending) => `${model.name.replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 60) || "model"}.${ending}`;

// `files` are triples of a title, a file's ending, and a function that makes a Blob.
function downloads(model, files) {
  const buttons = files.map(([title, ending, content]) => {
    const button = make("button", { type: "button" }, `Download ${title}`);
    button.addEventListener("click", async () => save(await content(), fileName(model, ending)));
    return button;
  });
  return make("div", { className: "row" }, ...buttons);
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

const textBlob = (lines) => new Blob([lines.map((line) => `${line}\n`).join("")], { type: "text/plain" });

const jsonBlob = (value) => new Blob([JSON.stringify(value, null, 1)], { type: "application/json" });

function csvBlob(columns) {
  const cell = (value) => (/[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  const names = Object.keys(columns);
  const rows = columns[names[0]].map((_, i) => names.map((name) => cell(columns[name][i])).join(","));
  return textBlob([names.map(cell).join(","), ...rows]);
}
