"""Sounds as tensors: int16 samples <-> float32 in [-1, 1], inside the TensorFlow graph.

Loudness is not learned: it differs between recordings by chance more than by content. Each sound is scaled so that its
loudest sample is 1 or -1; silence stays silence.
"""

import keras
import numpy as np
import tensorflow as tf

from gan_keras.codecs.base import ROUNDING, Codec, Scale, check_shape
from gan_keras.media.sounds import LEVELS


class SoundCodec(Codec):
    """Base of the codecs of sounds of one sample rate, one length and one or two channels.

    Sounds are `(batch, length)`, or `(batch, length, 2)` for stereo.

    Args:
        sample_rate: Samples per second, in Hz, >= 1. `None`: the rate of the sounds passed to `adapt`.
        length: Samples per sound, >= 1. `None`: the length of the sounds passed to `adapt`.
        channels: 1 for mono, 2 for stereo. `None`: those of the sounds passed to `adapt`; 1 if rate and length are given.
    """

    raw_dtype, output_name, arguments, checks_values = tf.int16, "waveform", ("sample_rate", "length"), True

    def __init__(self, sample_rate=None, length=None, channels=None):
        for name, value in {"sample_rate": sample_rate, "length": length}.items():
            if value is not None and value < 1:
                raise ValueError(f"{name}={value}. Expected at least 1.")
        if channels not in (None, 1, 2):
            raise ValueError(f"channels={channels}. Expected 1 (mono) or 2 (stereo).")
        is_known = sample_rate is not None and length is not None
        self.sample_rate, self.length, self.channels = sample_rate, length, channels or (1 if is_known else None)

    def adapt(self, sounds):
        """Takes rate, length and channels (1 if missing) from sounds with these attributes, unless the constructor set them."""
        self.sample_rate = self.sample_rate or sounds.sample_rate
        self.length = self.length or sounds.length
        self.channels = self.channels or getattr(sounds, "channels", 1)
        self.check_adapted()

    def get_config(self):
        """The constructor's arguments; those of mono sounds are the same as before there was stereo, for older checkpoints."""
        stereo = {"channels": 2} if self.channels == 2 else {}
        return {**super().get_config(), **stereo}

    def check_adapted(self):
        """Raises `ValueError` unless the codec knows the rate and the length of its sounds."""
        if self.sample_rate is None or self.length is None:
            raise ValueError(
                f"sample_rate={self.sample_rate}, length={self.length}. Expected a call of `adapt(sounds)`, or both at once."
            )

    def scale_of(self, values):
        """Returns the `Scale` of sounds of any length, or of the codec's tensors if they have further axes."""
        if values.dtype == np.int16:
            self.check_channels(values.shape)
            return None
        low, high, is_whole = values.low, values.high, values.dtype.kind in "iu"
        if len(values.shape) != (3 if self.channels == 2 else 2):
            scale = None if is_whole else Scale("tensors in [-1, 1]", -1.0, 1.0, is_encoded=True)
        elif low >= 0 < high:  # sound swings around 0
            scale = None
        elif not is_whole and max(-low, high) <= 1 + ROUNDING:
            scale = Scale("floats in [-1, 1]", -1.0, 1.0)
        else:
            scale = Scale("16-bit levels", -LEVELS - 1.0, LEVELS, 1.0 / LEVELS)
        if scale is None or not scale.has(values):
            raise ValueError(
                f"Got sounds of shape {values.shape} as {values.text}. Expected `{self.axes}` around 0: int16, or floats in "
                "[-1, 1]."
            )
        return scale

    def waveforms(self, sounds):
        """Sounds as waveforms of the codec's length: cut or padded with silence at the end, and scaled to full volume.

        Args:
            sounds: Of any length: int16, or floats in [-1, 1] as `decode` returns them.

        Returns:
            float32 `(batch, length, channels)`.

        Raises:
            ValueError: If the sounds have another number of channels.
        """
        self.check_adapted()
        sounds = tf.cast(tf.convert_to_tensor(sounds), tf.float32)
        self.check_channels(sounds.shape)
        sounds = (sounds[..., tf.newaxis] if self.channels == 1 else sounds)[:, : self.length]
        missing = self.length - tf.shape(sounds)[1]
        padded = tf.pad(sounds, [[0, 0], [0, missing], [0, 0]])
        return at_full_volume(tf.ensure_shape(padded, [None, self.length, self.channels]))

    def check_channels(self, shape):
        """Raises `ValueError` unless sounds of this shape have the codec's channels."""
        if not tf.TensorShape(shape).is_compatible_with([None, None, 2] if self.channels == 2 else [None, None]):
            raise ValueError(
                f"The sounds have the shape {tuple(shape)}. Expected {self.axes} for channels={self.channels}: load them with "
                f"`load_audio(..., channels={self.channels})`, or make the codec with channels={2 if self.channels == 1 else 1}."
            )

    def as_sounds(self, waveforms):
        """Waveforms `(batch, length, channels)` as sounds."""
        return waveforms[..., 0] if self.channels == 1 else waveforms

    @property
    def axes(self):
        """Axes of sounds, for messages."""
        return "(batch, length, 2)" if self.channels == 2 else "(batch, length)"

    def to_int16(self, waveforms):
        """Waveforms in [-1, 1] to int16 samples of the same shape."""
        return tf.cast(tf.round(tf.clip_by_value(waveforms, -1.0, 1.0) * LEVELS), tf.int16)

    def encode_wav(self, waveforms):
        """Sounds in [-1, 1] to the bytes of 16-bit WAV files: string `(batch,)`."""

        def encode(waveform):
            return tf.audio.encode_wav(tf.reshape(waveform, [-1, self.channels]), self.sample_rate)

        return tf.map_fn(encode, tf.clip_by_value(waveforms, -1.0, 1.0), fn_output_signature=tf.string)

    @property
    def encodings(self):
        """Further outputs of an exported model: a function of decoded sounds by output name."""
        return {"wav_bytes": self.encode_wav}

    @property
    def card(self):
        """Facts that users of an exported model need to play its sounds."""
        return {"sample_rate": self.sample_rate}


def at_full_volume(waveforms):
    """Waveforms `(batch, length, channels)`, each scaled so that its loudest sample is 1 or -1; silence stays unchanged.

    The channels of a sound keep their balance.
    """
    loudest = tf.reduce_max(tf.abs(waveforms), axis=(1, 2), keepdims=True)
    return tf.math.divide_no_nan(waveforms, loudest)


@keras.saving.register_keras_serializable(package="gan_keras")
class WaveformCodec(SoundCodec):
    """Invertible map between sounds and waveforms, sample by sample. Arguments: see `SoundCodec`."""

    def encode(self, sounds):
        """Sounds, as for `waveforms`, to float32 in [-1, 1], shape `(batch, length, channels)`."""
        return self.waveforms(sounds)

    def decode(self, samples):
        """Floats `(batch, length, channels)` to sounds, float32; values outside [-1, 1] are clipped."""
        samples = tf.cast(samples, tf.float32)
        self.check_samples(samples)
        return tf.clip_by_value(self.as_sounds(samples), -1.0, 1.0)

    def check_samples(self, samples):
        """Raises `ValueError` unless samples have the codec's length and channels."""
        self.check_adapted()
        fix = "give the codec's length and the generator the same"
        check_shape(samples, [self.length, self.channels], f"(batch, {self.length}, {self.channels}): {fix}")
