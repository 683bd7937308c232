"""Layers from papers on GANs that Keras lacks or implements differently."""

from gan_keras.networks.layers.attention import SelfAttention2D
from gan_keras.networks.layers.causal_attention import CausalAttention
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
from gan_keras.networks.layers.resampling import PhaseShuffle, SmoothDownsampling2D, SmoothUpsampling2D
from gan_keras.networks.layers.spectral_normalization import SpectralNormalization

__all__ = [
    "BatchNormalization",
    "CausalAttention",
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
