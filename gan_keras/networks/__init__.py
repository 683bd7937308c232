"""Ready-made generators and discriminators. Any `keras.Model` with matching shapes serves as well."""

from gan_keras.networks.base import Discriminator, Generator
from gan_keras.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_keras.networks.packed import Packed
from gan_keras.networks.recurrent_generator import RecurrentGenerator
from gan_keras.networks.text_discriminators import ConvolutionalDiscriminator, RecurrentDiscriminator, TextDiscriminator

__all__ = [
    "ConvolutionalDiscriminator",
    "Discriminator",
    "Generator",
    "MLPDiscriminator",
    "MLPGenerator",
    "Packed",
    "RecurrentDiscriminator",
    "RecurrentGenerator",
    "TextDiscriminator",
]
