"""Measurements of images, clips, sounds and series, each a function from an array of samples to one number per sample.

A measurement that a sample does not have, such as the slant of an empty image, is NaN. No measurement is circular: a direction
is given by its two components, because a mean of angles has no meaning.
"""

import functools

import numpy as np

from gan_keras.metrics.clip_extractor import centre_speeds, frame_differences

_FAINT = 1e-6  # mean distance from the ground below which an image is empty


# --- Images: float `(num, height, width, channels)` in [0, 1].


def foreground(images):
    """Distance of each pixel from the image's ground, the median colour of its border: float64 `(num, height, width)` in [0, 1].

    Bright figures on dark ground and dark figures on bright ground measure alike.
    """
    images = np.asarray(images, np.float64)
    top_and_bottom, sides = images[:, [0, -1]], images[:, 1:-1, [0, -1]]
    num, channels = len(images), images.shape[-1]
    border = np.concatenate([part.reshape(num, -1, channels) for part in (top_and_bottom, sides)], axis=1)
    return np.abs(images - np.median(border, axis=1)[:, None, None]).mean(axis=-1)


def moments(images):
    """Moments of the foreground: centre x, y, then variances xx, yy and covariance xy, float64 `(5, num)` in pixels; y is down.

    NaN for an image without foreground. The centre is relative to the middle of the image.
    """
    weights = foreground(images)
    mass = weights.sum(axis=(1, 2))
    weights /= np.where(mass > _FAINT * weights[0].size, mass, np.nan)[:, None, None]
    columns, rows = (np.arange(size) - (size - 1) / 2 for size in (weights.shape[2], weights.shape[1]))
    of_columns, of_rows = weights.sum(axis=1), weights.sum(axis=2)
    x, y = of_columns @ columns, of_rows @ rows
    xy = np.einsum("nrc,r,c->n", weights, rows, columns, optimize=True) - x * y
    return np.stack([x, y, of_columns @ columns**2 - x**2, of_rows @ rows**2 - y**2, xy])


def ink(images):
    """Mean distance from the ground, in [0, 1]: the share of inked pixels if they are white on black."""
    return foreground(images).mean(axis=(1, 2))


def slant(images):
    """Angle of the figure's axis from the vertical, in degrees in [-90, 90]; positive leans to the right, as italics do."""
    _, _, _, yy, xy = moments(images)
    return np.degrees(np.arctan2(-xy, np.where(yy > 0, yy, np.nan)))


def width(images):
    """Width of a bar that spreads as far as the figure, once it is upright, in pixels."""
    _, _, xx, yy, xy = moments(images)
    upright = xx - np.divide(xy**2, yy, out=np.zeros_like(xx), where=yy > 0)
    return _size(upright)


def height(images):
    """Height of a bar that spreads as far as the figure, in pixels."""
    return _size(moments(images)[3])


def _size(variances):
    """Number of equally spaced pixels with these variances: those of `n` pixels have the variance `(n * n - 1) / 12`."""
    return np.sqrt(12.0 * np.maximum(variances, 0.0) + 1.0)


def centre_x(images):
    """Centre of the figure, in pixels to the right of the image's middle."""
    return moments(images)[0]


def centre_y(images):
    """Centre of the figure, in pixels above the image's middle."""
    return -moments(images)[1]


def brightness(images):
    """Mean level, from 0 for black to 1 for white."""
    return np.asarray(images, np.float64).mean(axis=tuple(range(1, np.ndim(images))))


def channel(index):
    """Returns the measurement of one colour's mean level, in [0, 1]."""
    return lambda images: brightness(np.asarray(images)[..., index : index + 1])


def saturation(images):
    """Mean distance of a pixel's largest from its smallest channel, in [0, 1]; 0 for grey."""
    return brightness(np.ptp(np.asarray(images), axis=-1)[..., None])


IMAGES = {
    "ink": (ink, ""),
    "slant": (slant, "degrees"),
    "width": (width, "pixels"),
    "height": (height, "pixels"),
    "x": (centre_x, "pixels"),
    "y": (centre_y, "pixels"),
    "brightness": (brightness, ""),
}
"""Measurement and unit of each attribute of images, by name."""

COLOURS = {"red": (channel(0), ""), "green": (channel(1), ""), "blue": (channel(2), ""), "saturation": (saturation, "")}
"""Further attributes of colour images and clips."""


# --- Clips: float `(num, frames, height, width, channels)` in [0, 1].


def over_frames(measure):
    """Returns the measurement of clips that is the mean over their frames of a measurement of images."""

    def measure_clips(clips):
        clips = np.asarray(clips)
        return measure(clips.reshape(-1, *clips.shape[2:])).reshape(len(clips), -1).mean(axis=1)

    return measure_clips


def speed(clips):
    """Mean speed of the figure's centre, in pixels per frame."""
    num, frames = np.shape(clips)[:2]
    figures = foreground(np.reshape(clips, (num * frames, *np.shape(clips)[2:])))
    figures = figures.reshape(num, frames, *figures.shape[1:], 1)
    is_empty = (figures.mean(axis=(2, 3, 4)) <= _FAINT).any(axis=1)
    return np.where(is_empty, np.nan, centre_speeds(figures))


def velocity(measure):
    """Returns the mean change, per frame, of a centre's coordinate: from the first to the last frame."""

    def measure_clips(clips):
        clips = np.asarray(clips)
        first, last = measure(clips[:, 0]), measure(clips[:, -1])
        return (last - first) / (clips.shape[1] - 1)

    return measure_clips


CLIPS = {
    "speed": (speed, "pixels per frame"),
    "x velocity": (velocity(centre_x), "pixels per frame"),
    "y velocity": (velocity(centre_y), "pixels per frame"),
    "change": (frame_differences, "per frame"),
    **{name: (over_frames(IMAGES[name][0]), IMAGES[name][1]) for name in ("ink", "width", "height", "brightness")},
}
"""As `IMAGES`, for clips: motion, then the means over frames of what they show. Velocities are the direction of motion."""


# --- Sounds: float `(num, length)` or `(num, length, channels)` in [-1, 1], at a rate in Hz.

BLOCK_SECONDS = 0.01
"""Length of the blocks in which loudness is measured, in seconds: also the precision of `length`."""

QUIET = 1e-4
"""Power relative to the loudest block, -40 dB, below which a sound has not begun or is over."""

PITCH_SECONDS, LOWEST, HIGHEST = 0.064, 60.0, 1000.0
"""Length of the frames in which pitch is measured, in seconds, and the range of pitches, in Hz."""

_LAGS_PER_SECOND = 32_000  # resolution of the autocorrelation: with less, a high tone's first peak seems lower than its second
_VOICED = 0.5  # autocorrelation at a period, from which on a frame has a pitch; that of noise is below
_OCTAVE_COST = 0.02  # per octave: a tone of 200 Hz also repeats at 100 Hz


def powers(sounds, rate):
    """Mean square of each block of `BLOCK_SECONDS`, float64 `(num, blocks)`; silence fills the last one."""
    size = max(1, round(BLOCK_SECONDS * rate))
    squares = np.asarray(sounds, np.float64).reshape(len(sounds), np.shape(sounds)[1], -1) ** 2
    squares = np.pad(squares.mean(axis=2), ((0, 0), (0, -squares.shape[1] % size)))
    return squares.reshape(len(squares), -1, size).mean(axis=2)


def sounding(powers):
    """The blocks from the first loud one to the last, bool `(num, blocks)`; none of silence."""
    is_loud = powers > QUIET * powers.max(axis=1, keepdims=True)
    return np.logical_or.accumulate(is_loud, axis=1) & np.logical_or.accumulate(is_loud[:, ::-1], axis=1)[:, ::-1]


def length(sounds, rate):
    """Seconds from the first to the last loud block; 0 for silence."""
    return sounding(powers(sounds, rate)).sum(axis=1) * (max(1, round(BLOCK_SECONDS * rate)) / rate)


def loudness(sounds, rate):
    """Root mean square from the first to the last loud block, in decibels relative to 1; NaN for silence."""
    blocks = powers(sounds, rate)
    inside = sounding(blocks)
    return 10.0 * np.log10(_ratio((blocks * inside).sum(axis=1), inside.sum(axis=1)))


def centroid(sounds, rate):
    """Mean frequency, weighted by power, in Hz: higher sounds brighter; NaN for silence."""
    spectra = np.abs(np.fft.rfft(np.asarray(sounds, np.float64), axis=1)) ** 2
    spectra = spectra.reshape(*spectra.shape[:2], -1).sum(axis=2)
    return _ratio(spectra @ np.fft.rfftfreq(np.shape(sounds)[1], 1.0 / rate), spectra.sum(axis=1))


def pitch(sounds, rate):
    """Fundamental frequency, in Hz: the median over frames that have a pitch; NaN if fewer than a fifth of the loud ones have.

    A frame's pitch is the highest peak of its autocorrelation, divided by that of its window, as in [Boersma,
    1993](https://www.fon.hum.uva.nl/paul/papers/Proceedings_1993.pdf).
    """
    sounds = np.asarray(sounds, np.float64).reshape(len(sounds), np.shape(sounds)[1], -1)
    size, finer = round(PITCH_SECONDS * rate), max(1, round(_LAGS_PER_SECOND / rate))
    sounds = np.pad(sounds, ((0, 0), (0, max(0, size - sounds.shape[1])), (0, 0)))
    frames = np.lib.stride_tricks.sliding_window_view(sounds, size, axis=1)[:, :: size // 2]  # num, frames, channels, size
    frames = frames - frames.mean(axis=3, keepdims=True)
    energies = (frames**2).sum(axis=(2, 3))
    is_loud = energies > 0.01 * energies.max(axis=1, keepdims=True)
    window = np.hanning(size)

    def autocorrelation(signals):
        """Sum over channels, at lags of `1 / finer` of a sample from 0 on; 1 at lag 0."""
        spectra = np.abs(np.fft.rfft(signals, 2 * size)) ** 2
        found = np.fft.irfft(spectra.sum(axis=-2), 2 * size * finer)[..., : size * finer // 2]
        return found / found[..., :1]

    start, end = int(finer * rate / min(HIGHEST, rate / 4)), int(finer * rate / LOWEST)
    strengths = (autocorrelation(frames[is_loud] * window) / autocorrelation(window[None]))[:, start - 1 : end + 2]
    before, peaks, after = strengths[:, :-2], strengths[:, 1:-1], strengths[:, 2:]
    lags = np.arange(start, end + 1)
    scores = np.where((peaks > before) & (peaks >= after), peaks - _OCTAVE_COST * np.log2(lags), -np.inf)
    places = np.arange(len(scores)), scores.argmax(axis=1)
    before, peak, after = before[places], peaks[places], after[places]
    shift = _ratio(0.5 * (before - after), before - 2.0 * peak + after)  # to the vertex of a parabola
    is_voiced = (peak > _VOICED) & np.isfinite(scores[places])
    found = np.full(is_loud.shape, np.nan)
    found[is_loud] = np.where(is_voiced, finer * rate / (lags[places[1]] + shift), np.nan)
    is_pitched = np.isfinite(found).sum(axis=1) > 0.2 * is_loud.sum(axis=1)
    pitches = np.full(len(sounds), np.nan)
    pitches[is_pitched] = np.nanmedian(found[is_pitched], axis=1)
    return pitches


def sounds_at(rate):
    """Measurement and unit of each attribute of sounds, by name."""
    measures = {"pitch": (pitch, "Hz"), "loudness": (loudness, "dB"), "centroid": (centroid, "Hz"), "length": (length, "s")}
    return {name: (functools.partial(measure, rate=rate), unit) for name, (measure, unit) in measures.items()}


# --- Series: float `(num, steps, columns)`, NaN after the end.


def line(series):
    """Least-squares line through each column: means and slopes per step, `(num, columns)`, and what it leaves of the series.

    The slope is NaN for a series of one step; what is left is 0 after the end.
    """
    series = np.asarray(series, np.float64)
    inside = np.isfinite(series)
    num = inside.sum(axis=1)
    steps = np.where(inside, np.arange(series.shape[1])[:, None], 0.0)
    steps = np.where(inside, steps - _ratio(steps.sum(axis=1), num)[:, None], 0.0)
    values = np.where(inside, series, 0.0)
    mean = _ratio(values.sum(axis=1), num)
    values = np.where(inside, values - mean[:, None], 0.0)
    slope = _ratio((steps * values).sum(axis=1), (steps**2).sum(axis=1))
    return mean, slope, np.where(inside, values - np.nan_to_num(slope)[:, None] * steps, 0.0)


def level(series):
    """Mean of each column, `(num, columns)`."""
    return line(series)[0]


def trend(series):
    """Slope of the least-squares line of each column, per step."""
    return line(series)[1]


def deviation(series):
    """Standard deviation of each column around its least-squares line."""
    rest, num = line(series)[2], np.isfinite(series).sum(axis=1)
    return np.sqrt(_ratio((rest**2).sum(axis=1), num))


def autocorrelation(series):
    """Correlation of each column with the step before, around the least-squares line; NaN for a column on a line.

    In a short series it lies below that of the process: by about `(2 + 4 r) / steps`.
    """
    mean, _, rest = line(series)
    squares = (rest**2).sum(axis=1)
    rounding = (1e-6 * np.abs(mean)) ** 2 * rest.shape[1]  # of float32
    return _ratio((rest[:, 1:] * rest[:, :-1]).sum(axis=1), np.where(squares > rounding, squares, 0.0))


def series_of(columns, varying):
    """Measurement and unit of each attribute of series, by name: four per column, and the length if it varies."""
    measures = {
        "level": (level, ""),
        "trend": (trend, "per step"),
        "deviation": (deviation, ""),
        "autocorrelation": (autocorrelation, ""),
    }
    found = {"steps": (lambda series: np.isfinite(series).all(axis=2).sum(axis=1), "steps")} if varying else {}
    for index, column in enumerate(columns):
        for name, (measure, unit) in measures.items():
            found[f"{column} {name}"] = (functools.partial(_of_column, measure, index), unit)
    return found


def _of_column(measure, index, series):
    return measure(np.asarray(series)[:, :, index : index + 1])[:, 0]


def _ratio(numerators, denominators):
    """Quotients; NaN where the denominator is 0."""
    denominators = np.asarray(denominators, np.float64)
    return numerators / np.where(denominators == 0.0, np.nan, denominators)
