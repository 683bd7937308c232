"""Ready-made generators and discriminators. Any `keras.Model` with matching shapes works as well."""

from gan_keras.networks import layers
from gan_keras.networks.attention_generators import AttentiveGenerator, TransformerGenerator
from gan_keras.networks.backward_language_model import BackwardLanguageModel
from gan_keras.networks.base import Discriminator, Generator, features_of
from gan_keras.networks.biggan import BigGANDiscriminator, BigGANGenerator
from gan_keras.networks.counted_table import CountedTableGenerator, RowDiscriminator
from gan_keras.networks.cyclegan import CycleGANGenerator, Pair
from gan_keras.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_keras.networks.language_model import LanguageModel
from gan_keras.networks.mlp import ComponentGenerator, FourierDiscriminator, MLPDiscriminator, MLPGenerator, MomentsGenerator
from gan_keras.networks.mocogan import MoCoGANDiscriminator, MoCoGANGenerator
from gan_keras.networks.ngram_model import NgramModel
from gan_keras.networks.pix2pix import PatchGANDiscriminator, Pix2PixGenerator
from gan_keras.networks.r3gan import R3GANDiscriminator, R3GANGenerator
from gan_keras.networks.recurrent_generator import RecurrentGenerator
from gan_keras.networks.relational_discriminator import RelationalDiscriminator
from gan_keras.networks.series import (
    DenseSeriesDiscriminator,
    DenseSeriesGenerator,
    GaussianSeriesGenerator,
    RCGANDiscriminator,
    RCGANGenerator,
)
from gan_keras.networks.sngan import SNGANDiscriminator, SNGANGenerator
from gan_keras.networks.tabular import Packed, PackedTableDiscriminator, ResidualTableGenerator, TabularGenerator
from gan_keras.networks.tabular_autoencoder import EncodedTableGenerator, TableDecoder, TableEncoder
from gan_keras.networks.text_discriminators import ConvolutionalDiscriminator, RecurrentDiscriminator, TextDiscriminator
from gan_keras.networks.timegan import TimeGANDiscriminator, TimeGANGenerator
from gan_keras.networks.two_headed import Coded, TwoHeaded
from gan_keras.networks.vgan import VGANDiscriminator, VGANGenerator
from gan_keras.networks.wavegan import WaveGANDiscriminator, WaveGANGenerator
from gan_keras.networks.wgan_gp import WGANGPDiscriminator, WGANGPGenerator

__all__ = [
    "AttentiveGenerator",
    "BackwardLanguageModel",
    "BigGANDiscriminator",
    "BigGANGenerator",
    "Coded",
    "ComponentGenerator",
    "ConvolutionalDiscriminator",
    "CountedTableGenerator",
    "CycleGANGenerator",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DenseSeriesDiscriminator",
    "DenseSeriesGenerator",
    "Discriminator",
    "EncodedTableGenerator",
    "FourierDiscriminator",
    "GaussianSeriesGenerator",
    "Generator",
    "LanguageModel",
    "MLPDiscriminator",
    "MLPGenerator",
    "MoCoGANDiscriminator",
    "MoCoGANGenerator",
    "MomentsGenerator",
    "NgramModel",
    "Packed",
    "PackedTableDiscriminator",
    "Pair",
    "PatchGANDiscriminator",
    "Pix2PixGenerator",
    "R3GANDiscriminator",
    "R3GANGenerator",
    "RCGANDiscriminator",
    "RCGANGenerator",
    "RecurrentDiscriminator",
    "RecurrentGenerator",
    "RelationalDiscriminator",
    "ResidualTableGenerator",
    "RowDiscriminator",
    "SNGANDiscriminator",
    "SNGANGenerator",
    "TableDecoder",
    "TableEncoder",
    "TabularGenerator",
    "TextDiscriminator",
    "TimeGANDiscriminator",
    "TimeGANGenerator",
    "TransformerGenerator",
    "TwoHeaded",
    "VGANDiscriminator",
    "VGANGenerator",
    "WGANGPDiscriminator",
    "WGANGPGenerator",
    "WaveGANDiscriminator",
    "WaveGANGenerator",
    "features_of",
    "layers",
]
