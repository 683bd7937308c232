// Frames shown one at a time: a slider, and a button that plays them back and forth.

const FRAME_MS = 90;
const CALM_FRAME_MS = 600; // for users who prefer reduced motion; it stops at the end

const wantsCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function player(frames, title) {
  const stage = make("div", { className: "stage" });
  const slider = make("input", { type: "range", min: 0, max: frames.length - 1, step: 1, value: 0 });
  const button = make("button", { type: "button" }, "Play");
  let [timer, step] = [null, 1];

  function show() {
    const place = Number(slider.value);
    stage.replaceChildren(frames[place]);
    slider.setAttribute("aria-valuetext", frames[place].textContent || `${place + 1} of ${frames.length}`);
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  }
  function advance() {
    if (!stage.isConnected) return stop();
    const [place, last] = [Number(slider.value), frames.length - 1];
    if (place === last && wantsCalm()) return stop();
    if (place === last) step = -1;
    if (place === 0) step = 1;
    slider.value = place + step;
    return show();
  }
  function start() {
    if (wantsCalm() && Number(slider.value) === frames.length - 1) slider.value = 0;
    if (wantsCalm()) step = 1;
    timer = setInterval(advance, wantsCalm() ? CALM_FRAME_MS : FRAME_MS);
    button.textContent = "Pause";
  }
  slider.addEventListener("input", () => { stop(); show(); });
  button.addEventListener("click", () => (timer === null ? start() : stop()));
  show();
  const control = make("div", { className: "row" }, button, field(title, slider));
  return make("div", {}, stage, control);
}
