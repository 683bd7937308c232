"""Codecs: maps between raw values and tensors, both ways, inside the TensorFlow graph."""

from gan_keras.codecs.image import ImageCodec, VideoCodec
from gan_keras.codecs.points import PointCodec
from gan_keras.codecs.series import SeriesCodec
from gan_keras.codecs.series_components import ComponentCodec, NormalScoreCodec
from gan_keras.codecs.sound_pictures import spectrogram_pictures
from gan_keras.codecs.spectrogram import SpectrogramCodec
from gan_keras.codecs.subwords import SubwordCodec
from gan_keras.codecs.table import TableCodec
from gan_keras.codecs.text import END, PADDING, START, CharacterCodec, TextCodec, WordCodec
from gan_keras.codecs.waveform import WaveformCodec

__all__ = [
    "END",
    "PADDING",
    "START",
    "CharacterCodec",
    "ComponentCodec",
    "ImageCodec",
    "NormalScoreCodec",
    "PointCodec",
    "SeriesCodec",
    "SpectrogramCodec",
    "SubwordCodec",
    "TableCodec",
    "TextCodec",
    "VideoCodec",
    "WaveformCodec",
    "WordCodec",
    "spectrogram_pictures",
]
