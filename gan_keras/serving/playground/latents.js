// Latents from a seed, equal to those of the models, and the path from one to another.

const GOLDEN_RATIO = 0x9e3779b97f4a7c15n;

const wrapped = (bits) => BigInt.asUintN(64, bits);

// SplitMix64, as in gan_keras/noise.py.
function mix(bits) {
  const first = wrapped((bits ^ (bits >> 30n)) * 0xbf58476d1ce4e5b9n);
  const second = wrapped((first ^ (first >> 27n)) * 0x94d049bb133111ebn);
  return second ^ (second >> 31n);
}

// `dim` numbers of the standard normal distribution.
function normalLatents(seed, dim) {
  const start = mix(wrapped(BigInt(seed)));
  return Array.from({ length: dim }, (_, i) => {
    const bits = mix(wrapped(start + BigInt(i + 1) * GOLDEN_RATIO));
    return inverseNormal((Number(bits >> 41n) + 0.5) * 2 ** -23);
  });
}

const TAIL = [-7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
const UNDER_TAIL = [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
const MIDDLE = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239];
const UNDER_MIDDLE = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];

const polynomial = (coefficients, x) => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

// Quantile function of the standard normal distribution: Acklam's rational functions, relative error about 10^-9.
function inverseNormal(part) {
  if (part > 0.5) return -inverseNormal(1 - part);
  if (part < 0.02425) {
    const x = Math.sqrt(-2 * Math.log(part));
    return polynomial(TAIL, x) / polynomial(UNDER_TAIL, x);
  }
  const square = (part - 0.5) ** 2;
  return (part - 0.5) * polynomial(MIDDLE, square) / polynomial(UNDER_MIDDLE, square);
}

// Interpolates along the great circle: the middle of a straight line is shorter than the latents that a generator
// was trained on. The length changes linearly from one to the other.
function between(first, second, part) {
  const length = (latents) => Math.hypot(...latents);
  const [a, b] = [length(first), length(second)];
  const cosine = first.reduce((sum, value, i) => sum + value * second[i], 0) / (a * b);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const isStraight = angle < 1e-6 || Math.PI - angle < 1e-6;
  const weight = (share) => (isStraight ? share : Math.sin(share * angle) / Math.sin(angle));
  const target = a + part * (b - a);
  return first.map((value, i) => target * (weight(1 - part) * value / a + weight(part) * second[i] / b));
}
