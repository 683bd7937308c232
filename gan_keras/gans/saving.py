"""Saving: everything that shapes training goes into a `.keras` file, so that a loaded GAN resumes exactly.

Also freezing layers for fine-tuning, which a file remembers: [FreezeD, Mo et al., 2020](https://arxiv.org/abs/2002.10964).
"""

import inspect
import json

import keras

from gan_keras import optimizers
from gan_keras.networks.base import in_float32


class SavedModel(keras.Model):
    """A GAN's state in a file: configuration, the arguments of `compile`, and random state."""

    def save(self, filepath, *args, **kwargs):
        """`keras.Model.save`, to a `.keras` file. Raises `ValueError` for the old format, which holds one optimizer."""
        if str(filepath).lower().endswith((".h5", ".hdf5")) and not str(filepath).lower().endswith(".weights.h5"):
            raise ValueError(
                f"filepath={str(filepath)!r}, Keras' old format, which cannot hold a GAN. Expected `gan.save('gan.keras')`, or "
                "`gan.save_weights('gan.weights.h5')` for weights alone."
            )
        self.follow_generator()
        super().save(filepath, *args, **kwargs)

    def save_weights(self, filepath, *args, **kwargs):
        """`keras.Model.save_weights`; weights that were set into `generator` before training are the averaged ones too."""
        self.follow_generator()
        super().save_weights(filepath, *args, **kwargs)

    def get_config(self):
        check_can_be_saved(self.generator, self.discriminator)
        networks = {"generator": self.generator, "discriminator": self.discriminator, "codec": self.codec}
        every = {name: every_layer(networks[name]) for name in ("generator", "discriminator")}
        return {
            **{name: keras.saving.serialize_keras_object(network) for name, network in networks.items()},
            "seed": self.seed,
            "name": self.name,
            **({"label_names": list(self.label_names)} if self.__dict__.get("label_names") else {}),
            **({} if self.privacy is None else {"privacy": keras.saving.serialize_keras_object(self.privacy)}),
            **({} if self.directions is None else {"directions": self.directions.tolist()}),
            **({} if self.direction_names is None else {"direction_names": list(self.direction_names)}),
            "frozen": {name: [i for i, layer in enumerate(layers) if not layer.trainable] for name, layers in every.items()},
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        frozen, directions, names = (config.pop(each, None) for each in ("frozen", "directions", "direction_names"))
        privacy = config.pop("privacy", None)
        for name in ("generator", "discriminator", "codec"):
            config[name] = keras.saving.deserialize_keras_object(config[name])
        gan = cls(**config)
        gan.directions, gan.direction_names = directions, names
        gan.privacy = privacy and keras.saving.deserialize_keras_object(privacy)
        for name, indices in (frozen or {}).items():
            layers = every_layer(getattr(gan, name))
            for index in indices:
                layers[index].trainable = False
        return gan

    def get_compile_config(self):
        """Returns the arguments of `compile`; None before `compile`, as for any Keras model."""
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
            **({} if self.privacy is None else {"privacy": self.privacy}),
        }
        return {
            **{name: keras.saving.serialize_keras_object(each) for name, each in objects.items()},
            "discriminator_steps": self.discriminator_steps,
            "generator_steps": self.generator_steps,
            "generator_ema": optimizers.serialize_schedule(self.generator_ema),
            **self.compile_options,
        }

    def compiled_as(self):
        """Returns the arguments of `compile` as JSON, as they were when training began: callbacks may change rates later."""
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
            # A privacy budget that was spent stays spent, whatever weights are loaded.
            is_spent = name.startswith("privacy")
            variable.assign(keras.ops.maximum(variable, store[name]) if is_spent else store[name])
        self.noted = -1, (), ()  # weights of a file are no news to `follow_generator`

    def own_state(self):
        """Returns the variables, by name, that decide later noise, penalties, augmentation, past samples and loss scaling.

        Keras saves weights only; without these a resumed run would take another course.
        """
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
            **_numbered("privacy", getattr(self.privacy, "variables", ())),
            **_numbered("loss_scale", getattr(getattr(self, "loss_scale", None), "variables", ())),
        }


class AveragedNetwork(keras.Model):
    """Averaged weights of a network that Keras cannot rebuild, as it has no `get_config`; runs its `call` in float32."""

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = lambda: network  # a closure, so that Keras does not track the network as a layer
        for variable in network.weights:
            self.add_weight(variable.shape, variable.numpy(), variable.dtype, trainable=False)

    def call(self, inputs, labels=None, training=False):
        network, own = self.network(), dict(zip(map(id, self.network().weights), self.weights, strict=True))
        states = network.trainable_variables, network.non_trainable_variables  # the latter include random states, which stay
        values = ([own.get(id(variable), variable).value for variable in each] for each in states)
        with in_float32(network):
            return network.stateless_call(*values, inputs, *(() if labels is None else (labels,)), training=training)[0]


def freeze(network, num_layers):
    """Freezes the first layers of a network, before `compile`; 0 releases all.

    A trained discriminator's lower layers detect general features, which a few new samples would spoil:

        gan = keras.saving.load_model("animals.keras", compile=False)
        freeze(gan.discriminator, 3)
        gan.compile("adam", "adam")
        gan.fit(few_new_images, epochs=50)

    Frozen layers keep their weights and their statistics. A `GAN` saves which layers are frozen.

    Args:
        network: A built `keras.Model`: Sequential, functional or ready-made. Layers are in the order of `layers_by_depth`.
        num_layers: Number of layers, from 0 to all but the last.

    Raises:
        ValueError: If `num_layers` is out of range.
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
    """Returns lists of layers, from the input on; layers of one list are frozen together.

    By default each layer with weights is a list of its own; a network's method `layers_by_depth` overrides that.
    """
    if hasattr(network, "layers_by_depth"):
        return network.layers_by_depth()
    return [[layer] for layer in network.layers if layer.weights]


def every_layer(network):
    """Returns all layers of a network, nested ones included."""
    return list(network._flatten_layers(include_self=False))


def _numbered(name, variables):
    return {f"{name}_{index}": variable for index, variable in enumerate(variables)}


def _deserialize(value):
    if isinstance(value, list):
        return [_deserialize(each) for each in value]
    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) else value


def check_can_be_saved(*networks):
    """Raises `ValueError` if Keras cannot make a network from its configuration, as loading a file has to."""
    for network in networks:
        kind = type(network)
        parameters = inspect.signature(kind.__init__).parameters.values()
        takes_name = any(each.kind is each.VAR_KEYWORD or each.name == "name" for each in parameters)
        if kind.get_config is keras.Model.get_config and not takes_name:
            raise ValueError(
                f"{kind.__name__} cannot be saved: its constructor does not take Keras' own arguments. Expected "
                "`def __init__(self, ..., **kwargs)` that calls `super().__init__(**kwargs)`, and a `get_config` that returns "
                "the other arguments too."
            )
