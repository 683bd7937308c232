"""Fine-tuning with the lower layers of a discriminator frozen: [FreezeD, Mo et al., 2020](https://arxiv.org/abs/2002.10964)."""

import json

import keras

from gan_keras import optimizers


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


# --- What a `GAN` writes into a `.keras` file: everything that shapes training, so that a loaded GAN goes on as it would have.


class SavedState:
    """The saving half of `GAN`: configuration, `compile`'s arguments, and the state of its noise."""

    def get_config(self):
        networks = {"generator": self.generator, "discriminator": self.discriminator, "codec": self.codec}
        return {
            **{name: keras.saving.serialize_keras_object(network) for name, network in networks.items()},
            "seed": self.seed,
            "name": self.name,
            "frozen": {name: frozen_layers(getattr(self, name)) for name in ("generator", "discriminator")},
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        frozen = config.pop("frozen", {})
        for name in ("generator", "discriminator", "codec"):
            config[name] = keras.saving.deserialize_keras_object(config[name])
        gan = cls(**config)
        for name, layers in frozen.items():
            freeze_layers(getattr(gan, name), layers)
        return gan

    def get_compile_config(self):
        """How training was set up; None before `compile`, as of any Keras model."""
        if not self.compiled:
            return None
        objects = {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
            "loss": self.adversarial_loss,
            "penalties": self.penalties,
            "augmentation": self.augmentation,
            "auxiliary": self.auxiliary,
            "history_pool": self.history_pool,
            "metrics": self.sample_metrics,
        }
        return {
            **{name: keras.saving.serialize_keras_object(each) for name, each in objects.items()},
            "discriminator_steps": self.discriminator_steps,
            "generator_steps": self.generator_steps,
            "generator_ema": optimizers.serialize_schedule(self.generator_ema),
            **self.compile_options,
        }

    def compiled_as(self):
        """How training was set up when it began, as JSON: callbacks may change rates later, a training stays the same."""
        if self.first_compiled_as is None:
            self.first_compiled_as = json.dumps(self.get_compile_config(), default=str)
        return self.first_compiled_as

    def compile_from_config(self, config):
        self.compile(**{name: _deserialize(value) for name, value in config.items()})

    def save_own_variables(self, store):
        for name, variable in self.own_state().items():
            store[name] = variable

    def load_own_variables(self, store):
        state, saved = self.own_state(), set(store.keys())
        if not self.compiled:  # Penalties, augmentation, pool and scale come with `compile`; a GAN that is only used has none.
            saved = {name for name in saved if not name.startswith(("penalty", "augmentation", "history", "loss_scale"))}
        if set(state) != saved:
            raise ValueError(f"The file holds the random state {sorted(saved)}. Expected {sorted(state)}: another GAN.")
        for name, variable in state.items():
            variable.assign(store[name])

    def own_state(self):
        """Variables that decide the noise, penalties, augmentation, past samples and scale of losses to come. Keras saves
        weights only; without these a resumed run would go another way."""
        penalties, augmentation = getattr(self, "penalties", ()), getattr(self, "augmentation", None)
        history_pool = getattr(self, "history_pool", None)
        # A Keras layer that augments is a part of the model; its state comes and goes with `compile` all the same.
        elsewhere = (*self.weights, *self.metrics_variables, *getattr(augmentation, "variables", ()))
        known = {id(variable) for variable in elsewhere}
        seeds = [variable for variable in self.non_trainable_variables if id(variable) not in known]
        return {
            "draws": self.draws,
            **_numbered("seed", seeds),
            **_numbered("penalty", [variable for each in penalties for variable in getattr(each, "variables", ())]),
            **_numbered("augmentation", getattr(augmentation, "variables", ())),
            **_numbered("history", getattr(history_pool, "variables", ())),
            **_numbered("loss_scale", getattr(getattr(self, "loss_scale", None), "variables", ())),
        }


def _numbered(name, variables):
    return {f"{name}_{index}": variable for index, variable in enumerate(variables)}


def _deserialize(value):
    if isinstance(value, list):
        return [_deserialize(each) for each in value]
    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) else value
