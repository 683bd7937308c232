// Canvases: images, line charts, and sheets of images.

// An image from nested rows of pixels with 1 or 3 numbers in [0, 1].
function drawImage(rows) {
  const [height, width, channels] = [rows.length, rows[0].length, rows[0][0].length];
  const canvas = make("canvas", { width, height, role: "img" });
  const levels = new Uint8ClampedArray(4 * width * height);
  rows.flat().forEach((pixel, place) => {
    for (let channel = 0; channel < 3; channel++) levels[4 * place + channel] = 255 * pixel[channels === 1 ? 0 : channel];
    levels[4 * place + 3] = 255;
  });
  canvas.getContext("2d").putImageData(new ImageData(levels, width, height), 0, 0);
  return canvas;
}

async function drawPng(bytes) {
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = make("canvas", { width: bitmap.width, height: bitmap.height, role: "img" });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas;
}

// A line chart with one line per list of numbers.
function drawLines(lists) {
  const canvas = make("canvas", { width: 1280, height: 256, role: "img", className: "chart" });
  const numbers = lists.flat().filter((value) => value !== null);
  const low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  const context = canvas.getContext("2d");
  context.lineWidth = 2;
  lists.forEach((list, place) => {
    context.strokeStyle = `hsl(${(215 + 137 * place) % 360} 70% 55%)`;
    context.beginPath();
    list.forEach((value, i) => {
      const height = high > low ? (value - low) / (high - low) : 0.5;
      context.lineTo((i / Math.max(1, list.length - 1)) * 1280, 250 - 244 * height);
    });
    context.stroke();
  });
  return canvas;
}

// All images at their own resolution, arranged in a roughly square sheet.
function drawSheet(canvases) {
  const columns = Math.ceil(Math.sqrt(canvases.length));
  const [width, height] = [canvases[0].width, canvases[0].height];
  const sheet = make("canvas", { width: columns * width, height: Math.ceil(canvases.length / columns) * height });
  canvases.forEach((canvas, i) => {
    sheet.getContext("2d").drawImage(canvas, (i % columns) * width, Math.floor(i / columns) * height);
  });
  return sheet;
}

const pngOf = (canvas) => new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
