"""Private tables: a generator that begins from noised counts, its codec, what is refused, and a whole private run."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import gan_keras
from command_line import call
from command_line import refused as command_refused
from gan_keras.codecs import TableCodec
from gan_keras.data import Table
from gan_keras.data.table.columns import CategoryColumn, IdColumn, NumberColumn
from gan_keras.data.table.schema import schema_of_columns
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
SETTINGS = {"width": 8, "latent_dim": 2, "epochs": 2, "batch_size": 50}


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
    return built(dataclasses.replace(data, noised_counts=counts), epsilon=8.0)


@pytest.fixture(scope="module")
def trained(data, counts):
    gan = built(dataclasses.replace(data, noised_counts=counts), epsilon=8.0, generator_learning_rate=0.05)
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
    assert found.shape[1] > 1 and stats.chi2_contingency(found).pvalue > 1e-6


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


def test_training_moves_the_correction_alone(gan, trained):
    for before, after in zip(gan.generator.non_trainable_weights, trained.generator.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(before, after)
    assert np.abs(gan.generator.last.kernel).max() == 0 and np.abs(trained.generator.last.kernel).max() > 0.01
    assert not np.array_equal(trained.generate_cells(500), gan.generate_cells(500), equal_nan=True)
    assert trained.privacy.steps_spent == trained.privacy.train_steps and trained.privacy.released["counts"] > 0


def test_rows_stay_in_the_schema_whatever_the_correction_is(gan):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(gan.generator))
    latents, labels = gan.latents_from(tf.range(500, dtype=tf.int64)), gan.labels_from(tf.range(500, dtype=tf.int64))
    copy(latents, labels)
    copy.set_weights([50 * np.random.default_rng(0).normal(size=each.shape) for each in gan.generator.get_weights()])
    samples = copy(latents, labels)
    cells = gan.codec.decode(samples).numpy()
    for place in (0, 1, 3, 4, 5):
        column, known = COLUMNS[place], cells[~np.isnan(cells[:, place]), place]
        low, high = (0, len(column.values) - 1) if column.kind == "category" else (column.low, column.high)
        assert len(known) and known.min() >= low and known.max() <= high
    assert not np.isnan(cells[:, [1, 3, 5]]).any()
    first = gan.codec.first_condition
    assert (samples.numpy()[np.arange(500), first + labels.numpy()] == 1.0).all()  # every row meets its condition


def test_choices_are_one_hot_and_have_gradients(gan):
    latents, labels = gan.latents_from(tf.range(64, dtype=tf.int64)), gan.labels_from(tf.range(64, dtype=tf.int64))
    with tf.GradientTape() as tape:
        samples = gan.generator(latents, labels)
        value = tf.reduce_sum(samples * tf.random.stateless_normal(samples.shape, [1, 2]))
    choices = samples.numpy()[:, gan.codec.num_numbers :]
    np.testing.assert_allclose(np.minimum(np.abs(choices), np.abs(choices - 1)), 0.0, atol=1e-5)
    np.testing.assert_allclose(choices.sum(axis=1), 5.0, atol=1e-4)
    assert np.abs(tape.gradient(value, gan.generator.last.bias)).max() > 0


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


def test_codec_and_weights_depend_on_rows_by_noised_counts_alone(monkeypatch):
    """Where the mechanism releases noise alone, two private data sets give the same GAN, bit by bit."""
    random = np.random.default_rng(0)
    noise = {}

    def released(self, part, values):
        shapes = tuple(np.shape(value) for value in values)
        return noise.setdefault((part, shapes), [random.uniform(1, 50, shape) for shape in shapes])

    monkeypatch.setattr(noised_counts.NoisedCounts, "released", released)
    one, other = (built(table(seed=seed)) for seed in (0, 1))
    assert one.codec.get_config() == other.codec.get_config() and one.label_names == other.label_names
    assert one.generator.get_config()["groups"] == other.generator.get_config()["groups"]
    for mine, yours in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, yours)


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
    kept = NoisedCounts.from_config(json.loads((out / "noised_counts.json").read_text()))
    assert kept.epsilon == 1.0  # half of it
    result = call("evaluate", out, "--num", 50)
    assert result.exit_code == 0 and "noised counts, epsilon=2" in result.stdout, result.output
    result = call("export", out, "--to", tmp_path / "model")
    assert result.exit_code == 0, result.output
    rows = call("generate", out, "--num", 5, "--seed", 1).stdout
    assert rows == call("generate", tmp_path / "model", "--num", 5, "--seed", 1).stdout and len(rows.splitlines()) == 6
