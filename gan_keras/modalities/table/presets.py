"""Presets of tables: the conditional tabular GAN, its variational rival, and a GAN that explains real rows too."""

import dataclasses
from typing import ClassVar

from gan_keras.modalities.preset import Preset, adam, gradient_penalty, relativistic
from gan_keras.modalities.settings import at_least, below_one, one_of, positive

MIN_STEPS = 20
"""Minimum number of steps per epoch: rows are drawn with replacement, so that a small table allows them."""


def tabular_gan(kind):
    """Returns the function that builds an uncompiled `TableGAN` with a class of generators, given by its name."""

    def build(preset, codec, seed):
        from gan_keras import networks
        from gan_keras.gans.table_gan import TableGAN

        shared = {"num_labels": codec.num_conditions, "dtype": preset.precision, "units": preset.units}
        of_generator = {**shared, "noise_dim": preset.latent_dim, "temperature": preset.temperature}
        generator = getattr(networks, kind)(codec.num_numbers, codec.sizes, **of_generator)
        discriminator = networks.PackedTableDiscriminator(**shared, num=preset.pack, dropout=preset.dropout)
        return TableGAN(generator, discriminator, codec, seed)

    return build


def variational(preset, codec, seed):
    """An uncompiled `TableVAE`."""
    from gan_keras import networks
    from gan_keras.gans.table_vae import TableVAE

    shared = {"num_labels": codec.num_conditions, "dtype": preset.precision, "units": preset.units}
    decoder = networks.TableDecoder(codec.num_numbers, codec.sizes, noise_dim=preset.latent_dim, **shared)
    encoder = networks.TableEncoder(preset.latent_dim, **shared)
    return TableVAE(decoder, encoder, codec, seed, preset.reconstruction_weight)


def counted(preset, codec, seed, counts):
    """An uncompiled `TableGAN` whose generator begins from the `privacy.NoisedCounts` of its codec."""
    from gan_keras import networks
    from gan_keras.gans.table_gan import TableGAN

    generator = networks.CountedTableGenerator.from_counts(counts, num_drafts=preset.num_drafts, units=preset.units)
    return TableGAN(generator, networks.RowDiscriminator(codec.num_numbers, preset.units), codec, seed)


def conditions(preset):
    """The generator's further objective: meet the conditions."""
    from gan_keras.gans.table_gan import MeetsCondition

    return [MeetsCondition(preset.condition_weight)]


def conditions_and_rows(preset):
    """The generator's further objectives: meet the conditions, and explain real rows."""
    from gan_keras.gans.table_vae import VariationalBound

    return [*conditions(preset), VariationalBound(preset.bound_weight, preset.reconstruction_weight)]


def real_drafts(preset):
    """The generator's only objective: prefer the drafts that the discriminator takes for real."""
    from gan_keras.gans.table_gan import PrefersRealDrafts

    return [PrefersRealDrafts()]


NETWORKS = {
    "vaegan": (tabular_gan("EncodedTableGenerator"), conditions_and_rows),
    "ctgan": (tabular_gan("ResidualTableGenerator"), conditions),
    "tvae": (variational, conditions),
    "counted": (counted, real_drafts),
}
"""By name: a function `(preset, codec, seed)` -> uncompiled GAN, and one from the preset to objects of `gan_keras.auxiliary`.

`"counted"`, of a private training, takes noised counts too."""


@dataclasses.dataclass
class TablePreset(Preset):
    """A recipe for a `TableGAN` or a `TableVAE`. Any field can be changed before `build`.

    Attributes besides those of every `Preset`:
        network: A name in `NETWORKS`.
        width: Units per hidden layer of both networks.
        layers: Hidden layers per network.
        pack: Rows that the discriminator judges at once; the batch has to be a multiple of it.
        dropout: Dropout of the discriminator, in [0, 1).
        temperature: Temperature of the generator's categorical outputs, > 0.
        condition_weight: Weight of the cross-entropy between a row and its condition, >= 0.
        bound_weight: For `"vaegan"`: weight of the likelihood bound of real rows next to the adversarial loss, >= 0.
        reconstruction_weight: For `"vaegan"` and `"tvae"`: weight of the likelihood next to the divergence in the bound, > 0.
        num_drafts: For `"counted"`: rows drawn from the counts, among which the generator chooses one, >= 1.
        most_modes: Maximum number of modes of a number column, >= 1.
        separate_below: Number of rows below which modes of a column do not overlap, so that few rows suffice to learn how it
            depends on others, >= 0.
        most_slots: Maximum number of slots of a category column, >= 2; its rarer values share one.
        types: Types by column, where a guess would be wrong: `number`, `category`, `boolean`, `date`, `date:FORMAT`, `id` or
            `drop`.
        schema: Path of a public schema, which takes the place of types; empty for columns that are read off the rows. A private
            training needs one: `gan-keras schema FILE` writes a draft.
        constraints: What holds in every row: `start<=end`, `COLUMN<COLUMN`, `COLUMN>=NUMBER`, separated by commas.
        label: Column that downstream models predict in an evaluation; empty for the last column with more than one value.
    """

    network: str = "ctgan"
    width: int = 256
    layers: int = 2
    pack: int = 10
    dropout: float = 0.5
    temperature: float = 0.2
    condition_weight: float = 1.0
    bound_weight: float = 1.0
    reconstruction_weight: float = 2.0
    num_drafts: int = 8
    most_modes: int = 10
    separate_below: int = 0
    most_slots: int = 100
    types: dict = dataclasses.field(default_factory=dict)
    schema: str = ""
    constraints: str = ""
    label: str = ""

    ranges: ClassVar[tuple] = (
        one_of(NETWORKS, "network"),
        ("True: rows can always be conditioned", ("conditional",), lambda value: value is True),
        at_least(1, "width", "layers", "pack", "most_modes", "num_drafts"),
        at_least(2, "latent_dim", "most_slots"),
        below_one("dropout"),
        positive("temperature", "reconstruction_weight"),
        at_least(0, "condition_weight", "bound_weight", "separate_below"),
        (
            "types by column, such as --set types.zip=category",
            ("types",),
            lambda value: all(isinstance(each, str) for pair in value.items() for each in pair),
        ),
    )

    @property
    def units(self):
        """Widths of the hidden layers."""
        return (self.width,) * self.layers

    def build(self, table, seed=0):
        import keras

        from gan_keras.codecs import TableCodec
        from gan_keras.data.table.conditions import constraints_of

        self.check()
        table = self.as_table(table)
        if self.epsilon:
            return self.build_private(table, seed)
        constraints = constraints_of(self.constraints, table)
        options = {"most_modes": self.most_modes, "most_slots": self.most_slots, "separate_below": self.separate_below}
        codec = TableCodec(**options, seed=seed, constraints=constraints)
        codec.adapt(table)
        keras.utils.set_random_seed(seed)
        build, objectives = NETWORKS[self.network]
        gan = build(self, codec, seed)
        gan.compile(**self.compile_options(), auxiliary=objectives(self))
        return gan

    def build_private(self, table, seed):
        """`build` by noised counts: neither codec nor networks depend on rows in another way."""
        import keras

        from gan_keras.codecs import TableCodec

        counts = self.released_of(table)
        codec = TableCodec.from_counts(table.columns, counts)
        keras.utils.set_random_seed(seed)
        gan = counted(self, codec, seed, counts)
        gan.compile(**self.compile_options(), auxiliary=real_drafts(self), privacy=self.privacy_of(table, counts))
        return gan

    def release(self, table):
        """Returns `privacy.NoisedCounts` of a table."""
        from gan_keras.privacy import NoisedCounts

        if not table.is_public:
            raise ValueError(
                f"epsilon={self.epsilon:g} for columns whose ranges and values were read off the rows. Expected a public schema: "
                "`load_table(..., schema=FILE)`, or `gan-keras train --schema FILE`; `gan-keras schema` writes a draft."
            )
        kinds = (("number", "date"), ("category",))  # in the order of a sample
        places = [place for kind in kinds for place, column in enumerate(table.columns) if column.kind in kind]
        return NoisedCounts(
            [table.columns[place] for place in places],
            table.cells[:, places],
            self.released_share * self.epsilon,
            self.delta_of(len(table)),
            label=places.index(table.target(self.label)),
        )

    def private_rows(self, data):
        return self.as_table(data).cells

    def batches(self, gan, training, seed=0):
        if gan.privacy is not None:
            from gan_keras.data import poisson_batches

            cells = self.private_rows(training)
            conditions = gan.codec.last_condition(cells)  # which the discriminator does not read
            rows = cells if conditions is None else (cells, conditions.numpy())
            return poisson_batches(rows, gan.privacy, self.steps_per_pass(training))
        from gan_keras.data.table.table import AllRows, RowsByCondition, table_batches

        codec, training = gan.codec, self.as_table(training).like(gan.codec.columns)
        conditions = codec.conditions_of(training.cells)
        rows = RowsByCondition(len(training), conditions, codec.num_conditions) if codec.slots else AllRows(len(training))
        return table_batches(training.cells, rows, self.batch_size, self.steps_per_pass(training), seed)

    def as_table(self, data):
        """Returns a `Table`; data frames and paths are read with the preset's types, or its schema."""
        from gan_keras.data.table.load import load_table
        from gan_keras.data.table.table import Table

        return data if isinstance(data, Table) else load_table(data, self.types, self.schema or None)

    def steps_per_pass(self, training):
        steps = max(MIN_STEPS, len(training) // self.batch_size)
        return min(steps, self.steps_per_epoch) if self.steps_per_epoch else steps

    def check_fields(self):
        super().check_fields()
        if self.batch_size % self.pack:
            raise ValueError(f"batch_size={self.batch_size}, pack={self.pack}. Expected a batch of whole packs.")
        if bool(self.epsilon) != (self.network == "counted"):
            raise ValueError(
                f"epsilon={self.epsilon:g} with network={self.network}, "
                + ("whose training reads rows in other ways" if self.epsilon else "which begins from noised counts")
                + ". Expected the private preset, with an epsilon above 0: `--preset private --epsilon 1`."
            )
        if self.epsilon and (not self.released_share or self.constraints):
            problem = f"constraints={self.constraints}" if self.constraints else "released_share=0"
            raise ValueError(
                f"{problem} with epsilon={self.epsilon:g}. Expected no constraints, and a share in (0, 1) for counts."
            )


FEW_ROWS = 5000

SINGLE_ROWS = {
    "latent_dim": 128,
    "pack": 1,
    "dropout": 0.25,
    "batch_size": 500,
    "generator_ema": 0.99,
    "patience": 0,
    # Without R2: generated rows are nearly one-hot, and the penalty there costs as much again.
    **relativistic(gamma=1.0, learning_rate=1e-3, beta_2=0.99, penalties=("R1",)),
}

PRESETS = {
    "default": TablePreset(
        "relativistic loss with R1; a generator with an encoder that also explains real rows",
        network="vaegan",
        width=128,
        epochs=75,
        separate_below=FEW_ROWS,
        **SINGLE_ROWS,
    ),
    "ctgan": TablePreset(
        "conditions, training by sampling, packs of ten, Wasserstein loss with gradient penalty",
        latent_dim=128,
        beta_1=0.5,
        batch_size=500,
        epochs=300,
        generator_ema=0.0,
        patience=0,
        # Of the repeated logits of packs of ten: a norm of 1 over a pack, see `networks.Packed`.
        **gradient_penalty(target=10**0.5),
        **adam(2e-4, beta_2=0.9),
    ),
    "relativistic": TablePreset(
        "ctgan's networks with a discriminator of single rows: relativistic pairs under the same condition, with R1",
        epochs=100,
        separate_below=FEW_ROWS,
        **SINGLE_ROWS,
    ),
    "tvae": TablePreset(
        "the variational baseline: no adversary; unlike the paper's, its networks read conditions",
        network="tvae",
        width=128,
        latent_dim=128,
        separate_below=FEW_ROWS,
        pack=1,
        beta_1=0.9,
        batch_size=500,
        epochs=300,
        generator_ema=0.0,
        patience=0,
        **adam(1e-3),
    ),
    "private": TablePreset(
        "differential privacy: rows of noised counts along a tree, chosen by what a private discriminator takes for real",
        network="counted",
        width=64,
        layers=1,
        pack=1,
        loss="non_saturating",
        beta_1=0.9,
        batch_size=2048,
        epochs=8,
        generator_ema=0.95,
        patience=0,
        epsilon=1.0,
        released_share=0.7,
        clipping_norm=5.0,
        # Larger ones follow the noise.
        **(adam(3e-3) | {"generator_learning_rate": 3e-4}),
    ),
    "tiny": TablePreset(
        "a small GAN of rows for 4 epochs: trains in seconds, for tests and notebooks; its rows are poor",
        network="vaegan",
        width=16,
        latent_dim=4,
        pack=2,
        most_modes=3,
        loss="non_saturating",
        batch_size=20,
        epochs=4,
        steps_per_epoch=4,
        generator_ema=0.9,
        patience=0,
        **adam(1e-3),
    ),
}
