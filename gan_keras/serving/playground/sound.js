// WAV files: bytes from base64 or from numbers, and their outline above the player.

const bytesOf = (wrapped) => Uint8Array.from(atob(wrapped.b64), (character) => character.charCodeAt(0));

// A WAV file with 16-bit samples from numbers in [-1, 1], or from lists of one per channel.
function wavOf(wave, rate) {
  const [numbers, channels] = [wave.flat(), [wave[0]].flat().length];
  const view = new DataView(new ArrayBuffer(44 + 2 * numbers.length));
  const write = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  const long = (at, value) => view.setUint32(at, value, true);
  const short = (at, value) => view.setUint16(at, value, true);
  write(0, "RIFF"); long(4, 36 + 2 * numbers.length); write(8, "WAVEfmt "); long(16, 16);
  short(20, 1); short(22, channels); long(24, rate); long(28, 2 * channels * rate); short(32, 2 * channels); short(34, 16);
  write(36, "data"); long(40, 2 * numbers.length);
  numbers.forEach((value, i) => view.setInt16(44 + 2 * i, Math.round(32767 * Math.min(1, Math.max(-1, value))), true));
  return new Uint8Array(view.buffer);
}

// Minima and maxima of a WAV file with 16-bit samples, as numbers in [-1, 1]; null for any other file.
function outlineOf(bytes, steps = 640) {
  const view = new DataView(bytes.buffer);
  const word = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 44 || word(0) !== "RIFF" || view.getUint16(20, true) !== 1 || view.getUint16(34, true) !== 16) return null;
  let at = 12;
  while (word(at) !== "data") {
    at += 8 + view.getUint32(at + 4, true);
    if (at + 8 > bytes.length) return null;
  }
  const count = Math.floor(Math.min(view.getUint32(at + 4, true), bytes.length - at - 8) / 2);
  const outline = [];
  for (let step = 0; step < Math.min(steps, count); step++) {
    let [low, high] = [1, -1];
    for (let i = Math.floor((step * count) / steps); i < Math.max(Math.floor(((step + 1) * count) / steps), 1); i++) {
      const value = view.getInt16(at + 8 + 2 * i, true) / 32768;
      [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
    outline.push(low, high);
  }
  return outline;
}

function soundItem(bytes, caption) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
  const outline = outlineOf(bytes);
  const item = make("li", {}, make("div", { className: "hint" }, caption));
  if (outline) item.append(described(drawLines([outline]), `Outline of the sound of ${caption}`));
  item.append(make("audio", { controls: true, src: url, "aria-label": caption }));
  return item;
}

function described(canvas, text) {
  canvas.setAttribute("aria-label", text);
  return canvas;
}
