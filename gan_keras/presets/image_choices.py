"""What presets of images choose from: pairs of networks by name, and ranges of numbers."""

from gan_keras import networks


def dense_pair(image_shape, latent_dim, width, num_labels, dtype=None):
    """Two hidden layers each, without labels: the pair of first tutorials."""
    generator = networks.MLPGenerator(image_shape, latent_dim, (width, 2 * width), activation="tanh", dtype=dtype)
    return generator, networks.MLPDiscriminator((2 * width, width), dtype=dtype)


def pair_of(generator, discriminator):
    """The function `(image_shape, latent_dim, width, num_labels, **options)` -> pair, of two classes of image networks."""

    def build(image_shape, latent_dim, width, num_labels, **options):
        sizes = {"width": width, "num_labels": num_labels, **options}
        return generator(image_shape, latent_dim, **sizes), discriminator(image_shape, **sizes)

    return build


NETWORKS = {
    "mlp": dense_pair,
    "dcgan": pair_of(networks.DCGANGenerator, networks.DCGANDiscriminator),
    "wgan_gp": pair_of(networks.WGANGPGenerator, networks.WGANGPDiscriminator),
    "sngan": pair_of(networks.SNGANGenerator, networks.SNGANDiscriminator),
    "biggan": pair_of(networks.BigGANGenerator, networks.BigGANDiscriminator),
    "r3gan": pair_of(networks.R3GANGenerator, networks.R3GANDiscriminator),
}
"""Pairs of networks by name: a function from the shape of an image, latents, width and labels to both."""

RANGES = {
    "at least 1": (("width", "quality_steps"), lambda value: value >= 1),
    "at least 0": (("size", "quality_every"), lambda value: value >= 0),
    "0 (that of the data), 1 (grey) or 3 (colour)": (("channels",), lambda value: value in (0, 1, 3)),
    "at least 6": (("quality_samples",), lambda value: value >= 6),
    f"one of {', '.join(NETWORKS)}": (("network",), lambda value: value in NETWORKS),
}
"""Of the fields that a preset of images adds; see `presets.base`."""
