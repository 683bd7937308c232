"""Every public class is restored from its JSON config."""

import functools
import json

import keras
import numpy as np

from gan_keras import (
    GAN,
    CycleGAN,
    HistoryPool,
    Pix2Pix,
    TimeGAN,
    augmentation,
    auxiliary,
    codecs,
    constraints,
    feedback,
    losses,
    networks,
    optimizers,
    penalties,
)
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.gans import table_gan, table_vae, text_gan
from gan_keras.gans.calibration import Calibration
from gan_keras.history_pool import HistoryPools
from gan_keras.metrics import clip_extractor, extractor
from gan_keras.networks import attention_generators, biggan, cyclegan, mocogan, r3gan, residual
from gan_keras.privacy import DifferentialPrivacy
from gan_keras.training import rollback

LINES = ["a cat sat on the mat", "the cat ran", "a mat is on the cat"]


def adapted(codec):
    codec.adapt(LINES)
    return codec


def text_pair():
    generator = networks.RecurrentGenerator(20, 9, noise_dim=3, embedding_dim=4, units=5, dropout=0.25, num_labels=2)
    return generator, networks.RecurrentDiscriminator(20, units=3, embedding_dim=4, filters=8, dropout=0.1, num_labels=2)


def translators():
    first = networks.CycleGANGenerator((16, 16, 3), width=2, blocks=1)
    return networks.Pair(first, networks.Pix2PixGenerator((16, 16, 3), width=2, depth=2, dropout=0.3))


def patches():
    return networks.Pair(*(networks.PatchGANDiscriminator((16, 16, 3), width=2, depth=1) for _ in range(2)))


def words():
    return adapted(codecs.WordCodec(fold_case=True, max_vocabulary=50, length=9))


SERIES = {"length": 2, "columns": ("a",), "minima": (0.0,), "maxima": (2.0,), "sources": (0,), "levels": ((),)}
COMPONENTS = {"whitening": 0.25, "mean": (0.5, 0.5), "scales": (2.0,), "deviations": (1.5,), "basis": "AACAPwAAAAA="}


def table_codec():
    columns = (CategoryColumn("kind", True, ("a", "b")), NumberColumn("size", False, 0.0, 2.0, 1))
    codec = codecs.TableCodec(most_modes=2, most_slots=3, seed=4)
    codec.adapt(Table("a", columns, np.array([[0.0, 0.5], [1.0, 2.0], [np.nan, 0.0], [1.0, 1.0]]), {}))
    return codec


def table_pair(codec, generator, discriminator):
    latents = {"noise_dim": 3, "num_labels": codec.num_conditions, "units": (5,)}
    return generator(codec.num_numbers, codec.sizes, **latents), discriminator(num_labels=codec.num_conditions, units=(5,)), codec


def table_gan_example():
    pair = table_pair(table_codec(), networks.ResidualTableGenerator, networks.PackedTableDiscriminator)
    return table_gan.TableGAN(*pair, seed=5)


def table_vae_example():
    pair = table_pair(table_codec(), networks.TableDecoder, functools.partial(networks.TableEncoder, 3))
    return table_vae.TableVAE(*pair, seed=5, reconstruction_weight=3.0)


def counted_generator():
    structure = {"groups": [[0, 1, 1], [0, 1, 2], [0, 1]], "positions": [[[0.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]]}
    tree = {"parents": [1, -1, -1], "label": 2, "label_groups": [0, 1]}
    return networks.CountedTableGenerator(1, **structure, **tree, num_drafts=3, units=(5,))


GANS = {"GAN", "TextGAN", "CycleGAN", "Pix2Pix", "TimeGAN", "TableGAN", "TableVAE"}


def image_network(name):
    """Example of an image network with labels."""
    sizes = {"latent_dim": 5} if name.endswith("Generator") else {}
    return lambda: getattr(networks, name)((16, 16, 3), width=16, num_labels=3, **sizes)


def video_network(name, **options):
    """Example of a video network with labels."""
    sizes = {"latent_dim": 30} if name.endswith("Generator") else {}
    return lambda: getattr(networks, name)((4, 12, 12, 3), width=2, num_labels=3, **sizes, **options)


BLOCKS = ("DownBlock", "FirstDownBlock", "PlainBlock", "UpBlock")
# Arguments differ from the defaults, so that a config that omits one is noticed.
EXAMPLES = {
    "GAN": lambda: GAN(networks.MLPGenerator((2,), latent_dim=3, units=(4,)), networks.MLPDiscriminator((4,)), seed=5),
    "TextGAN": lambda: text_gan.TextGAN(*text_pair(), words(), seed=5, ngrams=EXAMPLES["NgramModel"]()),
    "CycleGAN": lambda: CycleGAN(translators(), patches(), codecs.ImageCodec((16, 16, 3)), seed=5),
    "Pix2Pix": lambda: Pix2Pix(translators().second, networks.PatchGANDiscriminator((16, 16, 6), 2, 1), seed=5),
    "Pair": translators,
    "CycleGANGenerator": lambda: translators().first,
    "Pix2PixGenerator": lambda: translators().second,
    "PatchGANDiscriminator": lambda: patches().first,
    "MirroredBlock": lambda: cyclegan.MirroredBlock(8),
    "InstanceNormalization": lambda: networks.layers.InstanceNormalization(epsilon=1e-3),
    "HistoryPools": lambda: HistoryPools(size=7, seed=3),
    "TableGAN": table_gan_example,
    "TableVAE": table_vae_example,
    "TableCodec": table_codec,
    "DifferentialPrivacy": lambda: DifferentialPrivacy(2.0, 1e-5, 1000, 50, 10, 0.5, {"counts": 30.0}, public_start=True),
    "PrefersRealDrafts": lambda: table_gan.PrefersRealDrafts(weight=0.5),
    "MeetsCondition": lambda: table_gan.MeetsCondition(weight=0.5),
    "ResidualTableGenerator": lambda: networks.ResidualTableGenerator(2, (3, 4), 5, 6, units=(7,), temperature=0.4),
    "CountedTableGenerator": counted_generator,
    "RowDiscriminator": lambda: networks.RowDiscriminator(2, units=(7,)),
    "PackedTableDiscriminator": lambda: networks.PackedTableDiscriminator(6, units=(7,), num=3, dropout=0.25),
    "TableDecoder": lambda: networks.TableDecoder(2, (3, 4), 5, 6, units=(7,), temperature=0.4),
    "EncodedTableGenerator": lambda: networks.EncodedTableGenerator(2, (3, 4), 5, 6, units=(7,), temperature=0.4),
    "VariationalBound": lambda: table_vae.VariationalBound(weight=0.5, reconstruction_weight=3.0),
    "TableEncoder": lambda: networks.TableEncoder(5, 6, units=(7,)),
    "MLPGenerator": lambda: networks.MLPGenerator((2, 3), 5, (7,), "tanh", num_labels=2),
    "MLPDiscriminator": lambda: networks.MLPDiscriminator(units=(7, 3), num_labels=2),
    "MomentsGenerator": lambda: networks.MomentsGenerator((2, 3), rank=4, noise_dim=3, units=(5, 6), num_labels=2),
    "Packed": lambda: networks.Packed(networks.MLPDiscriminator(units=(7,)), num=3),
    "TwoHeaded": lambda: networks.TwoHeaded(networks.MLPDiscriminator(units=(7,)), 3, units=(5,)),
    "Coded": lambda: networks.Coded(networks.MLPGenerator((2,), latent_dim=9), categorical=(3, 2), continuous=2),
    "ComponentGenerator": lambda: networks.ComponentGenerator((3,), latent_dim=4, units=(5, 6), components=7, embedding_dim=2),
    "FourierDiscriminator": lambda: networks.FourierDiscriminator(units=(5,), waves=3, highest_frequency=4.0),
    "RecurrentGenerator": lambda: text_pair()[0],
    "AttentiveGenerator": lambda: networks.AttentiveGenerator(20, 9, 2, 4, noise_dim=3, embedding_dim=4, units=5, num_labels=2),
    "TransformerGenerator": lambda: networks.TransformerGenerator(
        20, 9, noise_dim=3, embedding_dim=8, num_blocks=2, num_heads=2, dropout=0.25, num_labels=2
    ),
    "DecoderBlock": lambda: attention_generators.DecoderBlock(9, num_heads=2, dropout=0.25),
    "CausalAttention": lambda: networks.layers.CausalAttention(9, num_heads=2, head_dim=6, dropout=0.25, preference=0.5),
    "NgramModel": lambda: networks.NgramModel(20, order=3, sizes=[4, 6, 5]),
    "RecurrentDiscriminator": lambda: text_pair()[1],
    "BackwardLanguageModel": lambda: networks.BackwardLanguageModel(20, 4, 5, dropout=0.25, head=text_pair()[1], num_labels=2),
    "RelationalDiscriminator": lambda: networks.RelationalDiscriminator(20, 9, width=3, units=4, dropout=0.25, num_labels=2),
    "Calibration": lambda: Calibration(["likelihood", "tokens"]),
    "ConvolutionalDiscriminator": lambda: networks.ConvolutionalDiscriminator(20, widths=(2, 3), filters=8, num_labels=2),
    "TimeGAN": lambda: TimeGAN(
        *(EXAMPLES[f"TimeGAN{one}"]() for one in ("Generator", "Discriminator")), seed=5, stage="supervised"
    ),
    "TimeGANGenerator": lambda: networks.TimeGANGenerator((4, 2), noise_dim=3, width=3, depth=1),
    "TimeGANDiscriminator": lambda: networks.TimeGANDiscriminator(3, depth=1),
    "RCGANGenerator": lambda: networks.RCGANGenerator((4, 2), noise_dim=3, width=5, num_labels=2),
    "RCGANDiscriminator": lambda: networks.RCGANDiscriminator(width=5, num_labels=2),
    "DenseSeriesGenerator": lambda: networks.DenseSeriesGenerator((4, 2), 3, width=5, depth=2, num_labels=2),
    "DenseSeriesDiscriminator": lambda: networks.DenseSeriesDiscriminator(width=5, depth=2, num_labels=2),
    "GaussianSeriesGenerator": lambda: networks.GaussianSeriesGenerator((2,), 3, width=5, deviations=[0.5, 2.0]),
    "SeriesCodec": lambda: codecs.SeriesCodec(**SERIES),
    "ComponentCodec": lambda: codecs.ComponentCodec(**SERIES, **COMPONENTS),
    "NormalScoreCodec": lambda: codecs.NormalScoreCodec(knots=1, curves=(((0.0, 2.0), (-1.0, 1.0), ()),), **SERIES, **COMPONENTS),
    "WordCodec": words,
    "CharacterCodec": lambda: adapted(codecs.CharacterCodec(fold_case=True, max_vocabulary=30, length=12)),
    "SubwordCodec": lambda: adapted(codecs.SubwordCodec(max_vocabulary=60, fold_case=True, length=12)),
    **{
        f"{paper}{player}": image_network(f"{paper}{player}")
        for paper in ("DCGAN", "SNGAN", "R3GAN", "WGANGP", "BigGAN")
        for player in ("Generator", "Discriminator")
    },
    "VGANGenerator": video_network("VGANGenerator"),
    "VGANDiscriminator": video_network("VGANDiscriminator"),
    "MoCoGANGenerator": video_network("MoCoGANGenerator", motion_dim=3),
    "MoCoGANDiscriminator": video_network("MoCoGANDiscriminator", num_frames=2),
    "SlowStart": mocogan.SlowStart,
    "ClipExtractor": lambda: clip_extractor.ClipExtractor(4, (4, 8), seed=2),
    **{name: functools.partial(getattr(residual, name), 8) for block in BLOCKS for name in (block, f"Spectral{block}")},
    "BigGANUpBlock": lambda: biggan.BigGANUpBlock(8),
    "LearnedStart": lambda: r3gan.LearnedStart(4, 8),
    "R3GANBlock": lambda: r3gan.R3GANBlock(8, 2),
    "Extractor": lambda: extractor.Extractor(3, (4, 8), seed=2),
    "BatchNormalization": lambda: networks.layers.BatchNormalization(momentum=0.8, epsilon=1e-4),
    "ConditionalBatchNormalization": lambda: networks.layers.ConditionalBatchNormalization(3, momentum=0.8, epsilon=1e-4),
    "GroupedConv2D": lambda: networks.layers.GroupedConv2D(2, kernel_size=1),
    "GumbelSoftmaxSampling": lambda: networks.layers.GumbelSoftmaxSampling(0.5),
    "StraightThroughSampling": lambda: networks.layers.StraightThroughSampling(0.5),
    "MinibatchStandardDeviation": lambda: networks.layers.MinibatchStandardDeviation(2),
    "ModulatedBatchNormalization": lambda: networks.layers.ModulatedBatchNormalization(momentum=0.8, epsilon=1e-4),
    "PixelNormalization": lambda: networks.layers.PixelNormalization(1e-6),
    "SelfAttention2D": lambda: networks.layers.SelfAttention2D(),
    "SmoothUpsampling2D": lambda: networks.layers.SmoothUpsampling2D(),
    "SmoothDownsampling2D": lambda: networks.layers.SmoothDownsampling2D(),
    "SpectralNormalization": lambda: networks.layers.SpectralNormalization(keras.layers.Dense(3), power_iterations=2),
    "PhaseShuffle": lambda: networks.layers.PhaseShuffle(3, seed=4),
    "WaveGANGenerator": lambda: networks.WaveGANGenerator(64, latent_dim=5, width=3, num_labels=2, channels=2),
    "WaveGANDiscriminator": lambda: networks.WaveGANDiscriminator(64, width=3, num_labels=2, phase_shuffle=1, channels=2),
    "WaveformCodec": lambda: codecs.WaveformCodec(4000, 64, channels=2),
    "SpectrogramCodec": lambda: codecs.SpectrogramCodec(4000, 512, size=16, decibels=50.0, iterations=3, channels=2),
    "PointCodec": lambda: codecs.PointCodec(means=(1.0, -2.0), deviations=(3.0, 0.5)),
    "VideoCodec": lambda: codecs.VideoCodec((4, 8, 6, 3)),
    "ImageCodec": lambda: codecs.ImageCodec((8, 6, 3)),
    "DiffAugment": lambda: augmentation.DiffAugment(("colour", "cutout"), strength=0.5, seed=3),
    "Adaptive": lambda: augmentation.Adaptive(("translation",), target=0.5, images=700, strength=0.25, seed=3),
    "Scheduled": lambda: augmentation.Scheduled(("translation",), strength=0.5, end=0.25, epochs=7, seed=3),
    "R1": lambda: penalties.R1(gamma=0.3),
    "R2": lambda: penalties.R2(gamma=0.3),
    "GradientPenalty": lambda: penalties.GradientPenalty(gamma=3.0, seed=4, target=0.5),
    "OneSidedGradientPenalty": lambda: penalties.OneSidedGradientPenalty(gamma=3.0, seed=4, target=0.5),
    "DRAGAN": lambda: penalties.DRAGAN(gamma=3.0, seed=4, target=0.5),
    "LeCam": lambda: penalties.LeCam(gamma=0.3, decay=0.9),
    "Consistency": lambda: penalties.Consistency(keras.layers.RandomFlip("horizontal", seed=3), gamma=2.0),
    "Lazy": lambda: penalties.Lazy(penalties.GradientPenalty(gamma=3.0, seed=4), interval=5),
    "AuxiliaryClassifier": lambda: auxiliary.AuxiliaryClassifier(weight=0.5),
    "MutualInformation": lambda: auxiliary.MutualInformation(weight=0.5, continuous_weight=0.25),
    "FeatureMatching": lambda: auxiliary.FeatureMatching(weight=0.5),
    "ScheduledAdam": lambda: optimizers.ScheduledAdam(0.1, 0.5, keras.optimizers.schedules.CosineDecay(0.9, 7)),
    "Shrunk": lambda: rollback.Shrunk(keras.optimizers.schedules.CosineDecay(0.9, 7), 0.25),
    "HistoryPool": lambda: HistoryPool(size=7, seed=3),
    "Clip": lambda: constraints.Clip(0.02),
    **{kind.__name__: kind for kind in (losses.NonSaturating, losses.Minimax, losses.Hinge, losses.LeastSquares)},
    **{kind.__name__: kind for kind in (losses.Wasserstein, losses.RelativisticPaired, losses.RelativisticAverage)},
    "Distillation": lambda: feedback.Distillation(candidates=3, num_drafts=7, epochs=5, share=0.25),
    "Cooperative": lambda: feedback.Cooperative(candidates=3, share=0.25, likelihood=0.5),
    "PolicyGradient": lambda: feedback.PolicyGradient(discount=0.1, entropy=0.2, anchor=0.3, supervised=0.4, clip=0.6),
    "GumbelSoftmax": lambda: feedback.GumbelSoftmax(temperature=0.5, supervised=0.25),
    "StraightThrough": lambda: feedback.StraightThrough(temperature=0.5, supervised=0.25),
}


def test_every_class_that_keras_can_load_has_an_example():
    registered = keras.saving.get_custom_objects()
    ours = {kind.__name__ for kind in registered.values() if kind.__module__.startswith("gan_keras.")}
    assert ours == set(EXAMPLES)


def test_every_class_survives_its_json_config():
    for name, make in EXAMPLES.items():
        example = make()
        config = json.dumps(keras.saving.serialize_keras_object(example))
        copy = keras.saving.deserialize_keras_object(json.loads(config))
        assert type(copy) is type(example) and copy is not example, name
        assert json.dumps(keras.saving.serialize_keras_object(copy)) == config, name


def test_configs_restore_every_simple_attribute():
    for name in set(EXAMPLES) - GANS:
        example = EXAMPLES[name]()
        copy = type(example).from_config(example.get_config())
        simple = {key: value for key, value in vars(example).items() if isinstance(value, int | float | str) and key[0] != "_"}
        changed = {key for key, value in simple.items() if getattr(copy, key) != value}
        assert not changed - {"built"}, name
