"""What a `GAN` writes into a `.keras` file: everything that shapes training, so that a loaded GAN goes on as it would have."""

import json

import keras

from gan_keras import optimizers
from gan_keras.freezing import freeze_layers, frozen_layers


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
