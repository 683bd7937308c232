"""Layers that the papers on GANs brought along and Keras does not have, or has in another form."""

from gan_keras.networks.layers.attention import SelfAttention2D
from gan_keras.networks.layers.grouped_convolution import GroupedConv2D
from gan_keras.networks.layers.gumbel_softmax import GumbelSoftmaxSampling, StraightThroughSampling
from gan_keras.networks.layers.normalization import (
    BatchNormalization,
    ConditionalBatchNormalization,
    InstanceNormalization,
    MinibatchStandardDeviation,
    ModulatedBatchNormalization,
    PixelNormalization,
)
from gan_keras.networks.layers.phase_shuffle import PhaseShuffle
from gan_keras.networks.layers.resampling import SmoothDownsampling2D, SmoothUpsampling2D
from gan_keras.networks.layers.spectral_normalization import SpectralNormalization

__all__ = [
    "BatchNormalization",
    "ConditionalBatchNormalization",
    "GroupedConv2D",
    "GumbelSoftmaxSampling",
    "InstanceNormalization",
    "MinibatchStandardDeviation",
    "ModulatedBatchNormalization",
    "PhaseShuffle",
    "PixelNormalization",
    "SelfAttention2D",
    "SmoothDownsampling2D",
    "SmoothUpsampling2D",
    "SpectralNormalization",
    "StraightThroughSampling",
]
