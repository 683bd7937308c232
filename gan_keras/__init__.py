"""GANs in Keras: `compile`, `fit`, `generate`, measure against honest baselines, export to TensorFlow Serving."""

from gan_keras import startup

__version__ = startup.VERSION
__all__ = [
    "GAN",
    "CycleGAN",
    "HistoryPool",
    "Pix2Pix",
    "TableGAN",
    "TableVAE",
    "TextGAN",
    "TimeGAN",
    "analysis",
    "augment",
    "augmentation",
    "auxiliary",
    "callbacks",
    "codecs",
    "constraints",
    "data",
    "evaluate",
    "export",
    "feedback",
    "freeze",
    "load",
    "losses",
    "metrics",
    "networks",
    "optimizers",
    "penalties",
    "presets",
    "privacy",
    "serving",
    "set_seed",
]

if not startup.is_command():  # `gan-keras` imports what a command needs, when it needs it
    with startup.without_collection():
        startup.import_keras()
        from gan_keras import (
            analysis,
            augmentation,
            auxiliary,
            callbacks,
            codecs,
            constraints,
            data,
            feedback,
            losses,
            metrics,
            networks,
            optimizers,
            penalties,
            presets,
            privacy,
            serving,
        )
        from gan_keras.downstream.augment import augment
        from gan_keras.export.export import export
        from gan_keras.gans.cycle_gan import CycleGAN
        from gan_keras.gans.gan import GAN
        from gan_keras.gans.pix2pix import Pix2Pix
        from gan_keras.gans.saving import freeze
        from gan_keras.gans.table_gan import TableGAN
        from gan_keras.gans.table_vae import TableVAE
        from gan_keras.gans.text_gan import TextGAN
        from gan_keras.gans.time_gan import TimeGAN
        from gan_keras.history_pool import HistoryPool
        from gan_keras.modalities import evaluate
        from gan_keras.runs.train import load
        from gan_keras.training.devices import set_seed


def __dir__():
    """Public names alone: sub-packages that are machinery can be imported and are not listed."""
    return [*__all__, "__version__"]
