"""What a network makes of its input before the last layer: the features that a second head or an objective reads."""

import keras


def features_of(network):
    """A function `(inputs, training=False)` -> features.

    They are what the network's method `features` gives; without one, of a Sequential or functional model, what its last
    layer reads.

    Raises:
        ValueError: If the network is neither.
    """
    if hasattr(network, "features"):
        return network.features
    if getattr(network, "outputs", None) and network.layers[-1].output is network.outputs[0]:
        return keras.Model(network.inputs, network.layers[-1].input)
    raise ValueError(
        f"It is not known what the features of {network.name!r} ({type(network).__name__}) are. Expected a Sequential or "
        "functional model that begins with `keras.Input`, or a network with a method `features(samples, training=False)`."
    )
