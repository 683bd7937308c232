"""Arrays of sounds and labels: checked, brought to int16 and to one channel."""

import numpy as np

from gan_keras.data.audio_data import LEVELS, check_at_least_one, collect_sounds
from gan_keras.data.image_arrays import check_labels

_MOST_CHANNELS = 8  # an axis of more numbers is no axis of channels


def sounds_from_arrays(name, samples, sample_rate, labels=None, label_names=None, length=None):
    """Makes `Sounds` of an array in memory.

    Args:
        name: Its name in reports.
        samples: `(num, length)`, or `(num, length, channels)`, whose mean is taken: integers of 8 (unsigned), 16 or 32 bits, or
            floats in [-1, 1].
        sample_rate: Samples a second, in Hz.
        labels: A whole number for each sound, `(num,)` or `(num, 1)`, or `None`.
        label_names: The names of labels 0, 1, ...; by default their numbers.
        length: Samples that each sound is cut or padded to, at its end; `None` keeps theirs.

    Returns:
        `Sounds`.

    Raises:
        ValueError: Wrong shape, dtype or range; NaN; labels that do not fit; a rate below 1.
    """
    samples = np.asarray(samples)
    is_sound = samples.ndim == 2 or samples.ndim == 3 and samples.shape[2] <= _MOST_CHANNELS
    if not is_sound or not samples.size:
        raise ValueError(
            f"{name} holds sounds of shape {samples.shape}. Expected (num, length), or (num, length, channels), all sounds of "
            "one length: shorter ones end in zeros."
        )
    check_at_least_one(name, sample_rate=sample_rate)
    levels, report = to_int16(name, samples)
    labelling = check_labels(name, labels, label_names, len(samples), "sounds")
    return collect_sounds(name, levels, sample_rate, length, labelling, report)


def to_int16(name, samples):
    """int16 samples `(num, length)` of an array of sounds, and counts of those changed on the way.

    Raises:
        ValueError: For another dtype, NaN or infinity.
    """
    if samples.dtype.kind == "f":
        levels, clipped = _from_floats(name, samples)
    elif (native := samples.dtype.newbyteorder("=")) in _FROM_INTEGERS:
        levels, clipped = _FROM_INTEGERS[native](samples), 0
    else:
        raise ValueError(
            f"{name} holds samples of dtype {samples.dtype}. Expected int16, or uint8, int32 (24 bits are shifted up by 8) or "
            "floats in [-1, 1]."
        )
    report = {"clipped": clipped} if clipped else {}
    if samples.ndim == 2:
        return levels, report
    report |= {"mixed_down": len(samples)} if samples.shape[2] > 1 else {}
    return np.round(levels.mean(axis=2)).astype(np.int16), report


_FROM_INTEGERS = {
    np.dtype("int16"): lambda samples: samples.astype(np.int16, copy=False),
    np.dtype("uint8"): lambda samples: (samples.astype(np.int16) - 128) << 8,
    np.dtype("int32"): lambda samples: (samples >> 16).astype(np.int16),
}
"""How integers of WAV files become int16; of 24 bits `scipy.io.wavfile` makes int32."""


def _from_floats(name, samples):
    axes = tuple(range(1, samples.ndim))
    bad = np.flatnonzero(~np.isfinite(samples).all(axis=axes))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} sounds hold NaN or infinity, the first is number {bad[0]}. Expected finite samples: leave "
            "those sounds out."
        )
    most = float(np.abs(samples).max())
    if most > 2:  # filters overshoot a little, but 2 is no slip of a filter
        raise ValueError(
            f"{name} holds floats up to {most:g}. Expected [-1, 1]: samples of 16 bits become integers by "
            "`samples.astype('int16')`."
        )
    clipped = int((np.abs(samples) > 1).any(axis=axes).sum())
    return np.round(np.clip(samples, -1, 1) * LEVELS).astype(np.int16), clipped
