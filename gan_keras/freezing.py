"""Fine-tuning with the lower layers of a discriminator frozen: [FreezeD, Mo et al., 2020](https://arxiv.org/abs/2002.10964)."""


def freeze(network, num_layers):
    """Freezes the first layers of a network, before `compile`; 0 releases all.

    What a trained discriminator's lower layers see is general, what a few new samples would teach them is not:

        gan = keras.saving.load_model("animals.keras", compile=False)
        freeze(gan.discriminator, 3)
        gan.compile("adam", "adam")
        gan.fit(few_new_images, epochs=50)

    Frozen layers keep their weights and their statistics. A `GAN` saves which layers are frozen.

    Args:
        network: A built `keras.Model`: Sequential, functional or ready-made. Layers count in the order of `layers_by_depth`.
        num_layers: How many, from 0 to all but the last.

    Raises:
        ValueError: If there are not so many layers before the last one.
    """
    layers = layers_by_depth(network)
    if not 0 <= num_layers < len(layers):
        names = [[layer.name for layer in each] for each in layers]
        raise ValueError(
            f"num_layers={num_layers}. Expected a number from 0 to {len(layers) - 1}: the network has the layers {names}, and "
            "the last one has to learn. A network has to be built first, by `GAN` or by a call."
        )
    for depth, together in enumerate(layers):
        for layer in together:
            layer.trainable = depth >= num_layers


def layers_by_depth(network):
    """Lists of layers from the input on; layers of a list are frozen together.

    They are those of the network's method `layers_by_depth`; without one, each of its layers that has weights.
    """
    if hasattr(network, "layers_by_depth"):
        return network.layers_by_depth()
    return [[layer] for layer in network.layers if layer.weights]


def frozen_layers(network):
    """Which of all layers of a network, nested ones too, are frozen: a list of their numbers, for its configuration."""
    return [index for index, layer in enumerate(every_layer(network)) if not layer.trainable]


def freeze_layers(network, numbers):
    """Freezes what `frozen_layers` told."""
    layers = every_layer(network)
    for number in numbers:
        layers[number].trainable = False


def every_layer(network):
    return list(network._flatten_layers(include_self=False))
