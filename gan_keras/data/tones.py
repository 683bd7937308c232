"""Harmonic tones of a few instruments and pitches: labelled sounds that need no recording."""

import itertools

import numpy as np

from gan_keras.data.audio_data import LEVELS, collect_sounds

SAMPLE_RATE, LENGTH = 4000, 4096
NUM = 2000

TIMBRES = {  # how loud the harmonics 1, 2, ... are, and seconds until a tone has faded by half
    "flute": ((1.0, 0.1, 0.02), 2.0),
    "clarinet": ((1.0, 0.0, 0.6, 0.0, 0.3, 0.0, 0.15), 2.0),
    "string": ((1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12), 0.4),
    "bell": ((1.0, 0.0, 0.0, 0.5, 0.0, 0.4), 0.12),
}
PITCHES = {"low": 110.0, "high": 220.0}  # Hz; a tone is up to half an octave above


def load_tones(num=NUM, seed=0, length=None):
    """Tones at 4,000 Hz, 1.024 s long: four timbres at two pitches are the eight labels, such as `flute low`.

    Within a label, pitch (over half an octave), loudness, beginning and duration differ from tone to tone.

    Args:
        num: Number of sounds, >= 2.
        seed: The same seed makes the same tones, int >= 0.
        length: Samples that each is cut or padded to; `None` for 4,096.

    Returns:
        `Sounds`.
    """
    random = np.random.default_rng(seed)
    kinds = list(itertools.product(TIMBRES, PITCHES))
    labels = np.arange(num) % len(kinds)
    tones = [tone(*kinds[label], random) for label in labels]
    names = [f"{timbre} {pitch}" for timbre, pitch in kinds]
    return collect_sounds("tones", tones, SAMPLE_RATE, length or LENGTH, (labels, names), {})


def tone(timbre, pitch, random):
    """One tone, int16 `(LENGTH,)`; silent before its beginning and after its end."""
    loudness, half_life = TIMBRES[timbre]
    frequency = PITCHES[pitch] * 2.0 ** random.uniform(0.0, 0.5)
    begin, duration = random.uniform(0.0, 0.1), random.uniform(0.5, 0.8)
    seconds = np.arange(LENGTH) / SAMPLE_RATE - begin
    harmonics = [
        amplitude * np.sin(2 * np.pi * (number * frequency * seconds + random.uniform()))
        for number, amplitude in enumerate(loudness, start=1)
        if number * frequency < SAMPLE_RATE / 2
    ]
    attack_and_end = np.clip(seconds / 0.02, 0.0, 1.0) * np.clip((duration - seconds) / 0.05, 0.0, 1.0)
    wave = sum(harmonics) * attack_and_end * 0.5 ** (seconds / half_life)
    return np.round(wave / np.abs(wave).max() * random.uniform(0.2, 1.0) * LEVELS).astype(np.int16)
