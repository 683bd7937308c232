"""Private tables: a generator that begins from noised counts, its codec, what is refused, and a whole private run."""

import dataclasses
import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import gan_keras
from command_line import call
from command_line import refused as command_refused
from gan_keras.auxiliary import Batch
from gan_keras.codecs import TableCodec
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, IdColumn, NumberColumn
from gan_keras.data.table.schema import schema_of_columns
from gan_keras.gans.table_gan import PrefersRealDrafts
from gan_keras.modalities.table.evaluation import evaluate_table
from gan_keras.privacy import NoisedCounts, noised_counts
from refusals import refused

COLUMNS = (
    CategoryColumn("town", True, ("Bern", "Oslo", "Rome")),
    NumberColumn("age", False, 0.0, 99.0),
    IdColumn("row"),
    CategoryColumn("job", False, tuple("abcdefghijklmnopqrst")),
    NumberColumn("gain", True, 0.0, 5000.0, 2),
    CategoryColumn("class", False, ("no", "yes")),
)
SETTINGS = {"width": 8, "num_drafts": 3, "epochs": 2, "batch_size": 50}


def table(num=600, seed=0):
    random = np.random.default_rng(seed)
    town = random.choice([0.0, 1.0, 2.0, np.nan], num, p=[0.5, 0.3, 0.15, 0.05])
    known = np.nan_to_num(town, nan=3.0)
    gain = np.where(random.random(num) < 0.7, 0.0, random.uniform(1000, 4000, num).round(2))
    gain[random.random(num) < 0.1] = np.nan
    job = np.clip(np.where(random.random(num) < 0.8, 3 * known, random.integers(0, 20, num)), 0, 19)
    age = 20 * known + random.integers(0, 40, num)
    label = random.random(num) < np.where(np.nan_to_num(gain) > 0, 0.8, 0.2)
    cells = np.stack([town, np.clip(age, 0, 99), np.arange(num), job, gain, label], axis=1).astype(float)
    return Table("people", COLUMNS, cells, {}, public_schema=schema_of_columns(COLUMNS))


def private_preset(**settings):
    return dataclasses.replace(gan_keras.presets.get("table", "private"), **{**SETTINGS, **settings})


def built(data, seed=0, **settings):
    return private_preset(**settings).build(data, seed=seed)


@pytest.fixture(scope="module")
def data():
    return table()


@pytest.fixture(scope="module")
def counts(data):
    """Counts of the columns in the order of a sample."""
    places = [1, 4, 0, 3, 5]
    return NoisedCounts([COLUMNS[place] for place in places], data.cells[:, places], 5.0, 1e-5)


@pytest.fixture(scope="module")
def gan(data, counts):
    return built(dataclasses.replace(data, released=counts), epsilon=8.0)


@pytest.fixture(scope="module")
def trained(data, counts):
    gan = built(dataclasses.replace(data, released=counts), epsilon=8.0, generator_learning_rate=0.05)
    gan.fit(private_preset(epsilon=8.0).batches(gan, data), epochs=2, verbose=0)
    return gan


def codes_of(counts, cells, place):
    """Groups of the counts' column with an index."""
    return counts.groups[place][counts.bins[place].of(cells[:, [1, 4, 0, 3, 5][place]])]


def assert_same_distribution(one, other):
    """Chi-square of two samples of codes; a right program fails less than once in a million runs."""
    values = np.unique(np.concatenate([one, other]), return_inverse=True)[1]
    found = np.stack([np.bincount(part, minlength=values.max() + 1) for part in np.split(values, [len(one)])])
    rare = found.sum(axis=0) < 10
    found = np.column_stack([found[:, ~rare], found[:, rare].sum(axis=1)])
    found = found[:, found.sum(axis=0) > 0]
    assert found.shape[1] == 1 or stats.chi2_contingency(found).pvalue > 1e-6


# --- A generator that begins from counts. ---


def test_before_training_rows_are_those_of_the_counts(gan, counts):
    rows = np.full((20_000, 6), np.nan)
    rows[:, [1, 4, 0, 3, 5]] = counts.sample(20_000, seed=1)
    made = gan.generate_cells(20_000, seed=2)
    edges = [(child, parent) for child, parent in enumerate(counts.parents) if parent >= 0]
    assert len(edges) >= 2
    for child, parent in [*edges, *((place, 4) for place in range(5))]:
        pairs = [
            codes_of(counts, each, child) * 1000 + codes_of(counts, each, parent) * 10 + np.nan_to_num(each[:, 5]).astype(int)
            for each in (made, rows)
        ]
        assert_same_distribution(*pairs)
    for place in range(5):  # values within groups
        column = [1, 4, 0, 3, 5][place]
        assert_same_distribution(*(counts.bins[place].of(each[:, column]) for each in (made, rows)))


@pytest.mark.parametrize("label", ["town=Rome", "job=d", "class=yes", "town="])
def test_before_training_rows_with_a_label_are_those_rows_of_the_counts(gan, counts, label):
    rows = np.full((60_000, 6), np.nan)
    rows[:, [1, 4, 0, 3, 5]] = counts.sample(60_000, seed=1)
    name, _, text = label.partition("=")
    place = [column.name for column in COLUMNS].index(name)
    wanted = COLUMNS[place].values.index(text) if text else np.nan
    rows = rows[np.isnan(rows[:, place]) if np.isnan(wanted) else rows[:, place] == wanted]
    made = gan.generate_cells(5_000, seed=2, labels=label)
    assert len(rows) > 500 and np.array_equal(made[:, place], np.full(5_000, wanted), equal_nan=True)
    for index in range(5):
        assert_same_distribution(codes_of(counts, made, index), codes_of(counts, rows, index))


def test_training_moves_the_scores_alone(gan, trained):
    for before, after in zip(gan.generator.non_trainable_weights, trained.generator.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(before, after)
    assert np.abs(gan.generator.last.kernel).max() == 0 and np.abs(trained.generator.last.kernel).max() > 0.01
    assert not np.array_equal(trained.generate_cells(500), gan.generate_cells(500), equal_nan=True)
    assert trained.privacy.steps_spent == trained.privacy.train_steps and trained.privacy.released["counts"] > 0


def test_rows_stay_in_the_schema_whatever_the_weights_are(gan):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(gan.generator))
    latents, labels = gan.latents_from(tf.range(500, dtype=tf.int64)), gan.labels_from(tf.range(500, dtype=tf.int64))
    copy(latents, labels)
    copy.set_weights(gan.generator.get_weights())
    for weight in copy.trainable_weights:
        weight.assign(50 * np.random.default_rng(0).normal(size=weight.shape))
    samples = copy(latents, labels)
    cells = gan.codec.decode(samples).numpy()
    for place in (0, 1, 3, 4, 5):
        column, known = COLUMNS[place], cells[~np.isnan(cells[:, place]), place]
        low, high = (0, len(column.values) - 1) if column.kind == "category" else (column.low, column.high)
        assert len(known) and known.min() >= low and known.max() <= high
    assert not np.isnan(cells[:, [1, 3, 5]]).any()
    first = gan.codec.first_condition
    assert (samples.numpy()[np.arange(500), first + labels.numpy()] == 1.0).all()  # every row meets its condition


def awake(gan):
    """The latents and conditions of some rows, and a copy of the generator whose scores differ between drafts."""
    latents, labels = (each(tf.range(4000, dtype=tf.int64)) for each in (gan.latents_from, gan.labels_from))
    generator = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(gan.generator))
    generator(latents[:2], labels[:2])
    generator.set_weights(gan.generator.get_weights())
    generator.last.kernel.assign(2 * np.random.default_rng(0).normal(size=generator.last.kernel.shape))
    return generator, latents, labels


def test_one_of_the_drafts_is_chosen_with_the_chances_of_its_score(gan):
    generator, latents, labels = awake(gan)
    drafts, samples = generator.drafts_of(latents, labels).numpy(), generator(latents, labels).numpy()
    is_chosen = (drafts == samples[:, None]).all(axis=2)
    assert drafts.shape[1] == 3 and is_chosen.any(axis=1).all()
    scores = generator.scores(drafts).numpy()
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert scores.std() > 0.3
    surplus = (generator.scores(samples[:, None]).numpy()[:, 0]) - (chances * scores).sum(axis=1)
    assert abs(surplus.mean()) < 6 * surplus.std() * len(surplus) ** -0.5
    assert abs((scores.mean(axis=1) - (chances * scores).sum(axis=1)).mean()) > 6 * surplus.std() * len(surplus) ** -0.5


def test_the_objective_is_the_mean_logit_of_the_chosen_draft(gan):
    generator, latents, labels = awake(gan)
    own = types.SimpleNamespace(generator=generator, judge=gan.judge)
    with tf.GradientTape(persistent=True) as tape:
        value = PrefersRealDrafts(0.5).generator(own, Batch(None, None, latents, labels))
    drafts = generator.drafts_of(latents, labels).numpy()
    logits = np.stack([gan.discriminator(drafts[:, each]).numpy()[:, 0] for each in range(3)], axis=1)
    scores = generator.scores(drafts).numpy().astype(np.float64)
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert float(value) == pytest.approx(-0.5 * (chances * logits).sum(axis=1).mean(), abs=1e-5)
    assert all(each is not None for each in tape.gradient(value, generator.trainable_weights))
    assert all(each is None for each in tape.gradient(value, gan.discriminator.trainable_weights))


def test_training_finds_what_the_counts_do_not_know():
    """Three columns of which the last is the parity of the others: no two of them tell anything, within a label."""
    random = np.random.default_rng(0)
    columns = [CategoryColumn(name, False, ("0", "1")) for name in ("a", "b", "c", "label")]
    cells = random.integers(0, 2, (4000, 4)).astype(float)
    cells[:, 2] = (cells[:, 0] + cells[:, 1]) % 2
    data = Table("parity", tuple(columns), cells, {}, public_schema=schema_of_columns(columns))
    gan = private_preset(width=32, num_drafts=8).build(data)
    # Without noise, so that few steps are enough.
    gan.compile("adam", "adam", loss="non_saturating", auxiliary=[PrefersRealDrafts()], generator_ema=0.9)
    gan.generator_optimizer.learning_rate = gan.discriminator_optimizer.learning_rate = 0.01

    def share(cells):
        return np.mean((cells[:, 0] + cells[:, 1]) % 2 == cells[:, 2])

    assert 0.45 < share(gan.generate_cells(2000)) < 0.55
    conditions = gan.codec.last_condition(tf.constant(cells)).numpy()
    batches = tf.data.Dataset.from_tensor_slices((cells, conditions)).repeat().batch(500).take(300)
    gan.fit(batches, verbose=0)
    assert share(gan.generate_cells(2000)) > 0.7


def test_a_saved_gan_makes_the_same_rows(trained, tmp_path):
    trained.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras", compile=False)
    np.testing.assert_array_equal(loaded.generate_cells(50, seed=3), trained.generate_cells(50, seed=3))
    assert loaded.privacy.epsilon == 8.0


def test_an_export_makes_the_rows_of_python(trained, tmp_path):
    gan_keras.export(trained, tmp_path / "model")
    served = tf.saved_model.load(str(tmp_path / "model" / "1")).signatures["generate"]
    labels = np.arange(20, dtype=np.int32) % len(trained.label_names)
    found = served(seed=tf.range(7, 27, dtype=tf.int64), label=tf.constant(labels))
    expected = trained.generate(20, seed=7, labels=list(labels))
    assert set(found) == set(expected)
    for name, values in expected.items():
        mine = found[name].numpy()
        mine = np.array([each.decode() for each in mine], object) if mine.dtype == object else mine
        np.testing.assert_array_equal(mine, values)


# --- The codec. ---


def test_the_codec_keeps_whole_numbers_categories_and_missing_cells(gan, data):
    cells = gan.codec.decode(gan.codec.encode(tf.constant(data.cells))).numpy()
    np.testing.assert_array_equal(cells[:, [0, 1, 3, 5]], data.cells[:, [0, 1, 3, 5]])
    np.testing.assert_allclose(cells[:, 4], data.cells[:, 4], atol=0.011)
    assert (cells[:, 4] == 0).sum() == (data.cells[:, 4] == 0).sum()


def test_the_codec_survives_its_config(gan, data):
    copy = TableCodec.from_config(json.loads(json.dumps(gan.codec.get_config())))
    np.testing.assert_array_equal(copy.encode(tf.constant(data.cells)), gan.codec.encode(tf.constant(data.cells)))
    assert copy.get_config() == gan.codec.get_config()


def test_a_gan_depends_on_rows_by_noised_counts_and_the_discriminator_alone(monkeypatch):
    """Where the counts are noise alone and the discriminator is not updated, two private tables give the same training."""
    random = np.random.default_rng(0)
    noise = {}

    def released(self, part, values):
        shapes = tuple(np.shape(value) for value in values)
        return noise.setdefault((part, shapes), [random.uniform(1, 50, shape) for shape in shapes])

    monkeypatch.setattr(noised_counts.NoisedCounts, "released", released)
    monkeypatch.setattr("gan_keras.privacy.differential_privacy.DifferentialPrivacy.train_discriminator", lambda *_: None)
    tables = [table(seed=seed) for seed in (0, 1)]
    one, other = map(built, tables)
    assert one.codec.get_config() == other.codec.get_config() and one.label_names == other.label_names
    assert one.generator.get_config()["groups"] == other.generator.get_config()["groups"]
    histories = [
        gan.fit(private_preset().batches(gan, data), epochs=2, verbose=0) for gan, data in zip((one, other), tables, strict=True)
    ]
    assert histories[0].history == histories[1].history and set(map(len, histories[0].history.values())) == {2}
    for mine, yours in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, yours)
    for name, cells in one.generate(20, seed=1).items():
        np.testing.assert_array_equal(cells, other.generate(20, seed=1)[name])


# --- Refusals. ---


@pytest.mark.parametrize("name", ["default", "ctgan", "relativistic", "tvae", "tiny"])
def test_other_presets_refuse_epsilon_and_name_the_private_one(data, name):
    preset = dataclasses.replace(gan_keras.presets.get("table", name), epsilon=1.0)
    refused("--preset private", preset.build, data)


def test_the_private_preset_refuses_what_would_read_rows(data):
    refused("--preset private --epsilon 1", built, data, epsilon=0.0)
    refused("released_share=0", built, data, released_share=0.0)
    refused("constraints=age<=gain", built, data, constraints="age<=gain")
    refused("Expected a public schema", built, dataclasses.replace(data, public_schema=None))


# --- Evaluation and a whole run. ---


def test_an_evaluation_shows_noised_counts_of_the_same_epsilon(gan, data):
    result = evaluate_table(gan, data, table(100, seed=5), num=200, progress=lambda line: None)
    titles = {name: each["title"] for name, each in result["samplers"].items()}
    assert titles["counts"] == "noised counts, epsilon=8" and list(titles) == ["gan", "baseline", "counts"]
    values = {name: each["values"] for name, each in result["samplers"].items()}
    won = sum(
        sign * values["gan"][name] > sign * values["counts"][name]
        for name, sign in {"f1": 1, "columns": 1, "pairs": 1, "told_apart": -1}.items()
    )
    line = next(line for line in result["verdict"] if "prefer" in line or "both will do" in line)
    assert f"in {won} of 4 scores" in line and ("prefer the GAN" in line) == (won > 2) and ("prefer them" in line) == (won < 2)
    assert "Compared with noised counts of the same epsilon" in result["verdict"][0]


def test_a_private_run_from_the_command_line(tmp_path):
    data = table(300)
    path, schema, out = tmp_path / "people.csv", tmp_path / "people.schema.json", tmp_path / "run"
    with open(path, "w", newline="") as file:
        gan_keras.data.write_csv(file, data)
    schema.write_text(json.dumps(schema_of_columns(COLUMNS)))
    options = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    train = ["train", "table", "--data", path, "--out", out, "--schema", schema, "--epsilon", 2]
    assert "--preset private" in command_refused(*train)
    result = call(*train, "--preset", "private", *options)
    assert result.exit_code == 0, result.output
    kept = NoisedCounts.load(out / "noised_counts.json")
    assert kept.epsilon == pytest.approx(0.7 * 2)
    result = call("evaluate", out, "--num", 50)
    assert result.exit_code == 0 and "noised counts, epsilon=2" in result.stdout, result.output
    result = call("export", out, "--to", tmp_path / "model")
    assert result.exit_code == 0, result.output
    rows = call("generate", out, "--num", 5, "--seed", 1).stdout
    assert rows == call("generate", tmp_path / "model", "--num", 5, "--seed", 1).stdout and len(rows.splitlines()) == 6
