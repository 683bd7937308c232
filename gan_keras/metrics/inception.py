"""Inception, the extractor of the FID, where its weights are at hand: nothing is ever downloaded.

Reference: [Heusel et al., 2017](https://arxiv.org/abs/1706.08500).
"""

import pathlib

import keras

from gan_keras.metrics.extractor import keras_home

INCEPTION_SIZE = (299, 299)
WEIGHTS_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
WEIGHTS_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{WEIGHTS_FILE}"


class Inception(keras.Model):
    """An extractor whose Frechet distance is called `fid`; `load_inception` makes one."""

    frechet_name = "fid"


def load_inception(weights_path=None, channels=3):
    """Keras' InceptionV3 as extractor: `ImageQuality(load_inception(), images, size=INCEPTION_SIZE)` scores the `fid`.

    These are the weights that Keras trained on ImageNet, not the converted 2015 graph that published FIDs are measured
    with: compare its FID with values of this extractor alone, which the hash in the protocol sees to. Grey images are
    repeated as three channels.

    Args:
        weights_path: File of the weights without the classifying layer. None looks for the one that Keras itself would
            download, in `models` below `KERAS_HOME` (by default `~/.keras`).
        channels: Of the images, 1 or 3.

    Returns:
        A `keras.Model` from images in [-1, 1], `(batch, 299, 299, channels)`, to features `(batch, 2048)`.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it holds other weights, or there are neither 1 nor 3 channels.
    """
    if channels not in (1, 3):
        raise ValueError(f"Got channels={channels}. Expected 1 or 3.")
    path = keras_home() / "models" / WEIGHTS_FILE if weights_path is None else pathlib.Path(weights_path)
    if not path.is_file():
        raise FileNotFoundError(
            f"There are no Inception weights at {path}. Expected the file at {WEIGHTS_URL}: download it to that place, or use "
            "`train_extractor`, which needs none."
        )
    images = keras.Input((*INCEPTION_SIZE, channels))
    colours = images if channels == 3 else keras.layers.Concatenate()([images] * 3)
    return Inception(images, _network(path)(colours), name="keras_inception_v3")


def _network(path):
    network = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(*INCEPTION_SIZE, 3), pooling="avg", name="inception_v3"
    )
    try:
        network.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{path} does not hold the weights of InceptionV3 without its classifying layer: {error}") from error
    return network
