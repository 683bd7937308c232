"""The signature `edit` of a SavedModel: equal to `generate(edits=...)` in TensorFlow's C++ loader, alone and in a batch."""

import json
import pathlib

import numpy as np
import pytest

import gan_keras
from edited_gans import columns_of, labelled_gan, table_gan, text_gan
from gan_keras.export.gate import read_meta_graph
from gan_keras.export.replay import Call, replay

MAKERS = {"image": labelled_gan, "table": table_gan, "text": text_gan}
ROWS = 64


@pytest.fixture(scope="module", params=list(MAKERS))
def exported(request, tmp_path_factory):
    """A GAN and the version that it was exported as."""
    gan = MAKERS[request.param]()
    return gan, gan_keras.export(gan, tmp_path_factory.mktemp("models") / request.param, edit=True)


def rows_for(gan, num=ROWS):
    """Inputs of `edit`: every direction, both ends of the strengths, and 0; labels if the GAN has some."""
    row = np.arange(num)
    inputs = {
        "seed": row + 5,
        "direction": (row % 3).astype(np.int32),
        "strength": np.resize([-6.0, -1.5, 0.0, 2.25, 6.0], num).astype(np.float32),
    }
    if isinstance(gan, gan_keras.TextGAN):
        ones = np.ones(num, np.float32)
        return {**inputs, "prompt": np.array([b""] * num, object), "temperature": ones, "top_p": ones}
    return {**inputs, "label": (row % len(gan.label_names)).astype(np.int32)}


def served(version, batches):
    """Outputs by name of each batch, or TensorFlow's error, of the signature `edit`."""
    signature = read_meta_graph(version).signature_def["edit"]
    names = sorted(signature.outputs)
    calls = [
        Call(
            "edit",
            {signature.inputs[name].name: values for name, values in batch.items()},
            [signature.outputs[n].name for n in names],
        )
        for batch in batches
    ]
    reply = replay(version, calls)
    return [
        reply.errors[number] if outputs is None else dict(zip(names, outputs, strict=True))
        for number, outputs in enumerate(reply.outputs)
    ]


def generated(gan, rows):
    """The same in Python, by `generate`."""
    shifts = rows["strength"][:, None] * gan.directions[rows["direction"]]
    labels = {"labels": rows["label"]} if "label" in rows else {}
    samples = gan.generate(len(shifts), seed=int(rows["seed"][0]), edits=shifts, **labels)
    return columns_of(gan, samples)


def test_served_edits_equal_those_of_generate_alone_and_in_a_batch(exported):
    gan, version = exported
    rows = rows_for(gan)
    alone = [{name: values[i : i + 1] for name, values in rows.items()} for i in range(0, ROWS, 9)]
    batch, *single = served(version, [rows, *alone])
    expected = generated(gan, rows)
    assert len(batch) == len(expected)
    for name, values in expected.items():
        answer = batch.get(name, batch[next(iter(batch))])
        if answer.dtype == object:
            answer = np.array([value.decode() for value in answer], object)
            np.testing.assert_array_equal(answer, values)
        else:
            np.testing.assert_allclose(answer, values, rtol=1e-5, atol=1e-5)
    for i, outputs in zip(range(0, ROWS, 9), single, strict=True):
        for name, values in outputs.items():
            np.testing.assert_array_equal(values[0], batch[name][i])
    label = {"labels": rows["label"][3:4]} if "label" in rows else {}
    third = columns_of(gan, gan.generate(1, seed=8, edits={0: 2.25}, **label))  # row 3: seed 8, direction 0, strength 2.25
    for name, values in third.items():
        np.testing.assert_array_equal(values[0], expected[name][3])


def test_a_wrong_direction_or_strength_is_refused_in_one_line(exported):
    gan, version = exported
    rows = rows_for(gan, 2)
    wrong = [("direction", np.int32([0, 3])), ("direction", np.int32([-1, 0]))]
    wrong += [("strength", np.float32([0, value])) for value in (6.01, -7, np.nan, np.inf)]
    for (name, values), answer in zip(wrong, served(version, [{**rows, name: values} for name, values in wrong]), strict=True):
        expected = {"direction": "expected 0 to 2, got", "strength": "expected numbers from -6 to 6, got"}[name]
        code, message = answer
        assert code == 3 and f"[{name}: {expected}] [{' '.join(f'{each:g}' for each in values)}]" in message.splitlines()[0]


def test_the_model_card_names_the_directions_and_the_signature(exported):
    gan, version = exported
    card = json.loads((pathlib.Path(version) / "assets.extra" / "model_card.json").read_text())
    assert card["directions"] == ["0", "1", "2"]
    inputs = card["signatures"]["edit"]["inputs"]
    assert (inputs["direction"], inputs["strength"]) == (["int32", [None]], ["float32", [None]])
    assert card["signatures"]["edit"]["outputs"] == card["signatures"]["serving_default"]["outputs"]
    assert card.get("num_labels", 0) == len(gan.label_names or ())


def test_nothing_is_edited_without_a_request_or_without_directions(tmp_path):
    gan = labelled_gan()
    assert "edit" not in gan.signatures() and "edit" in gan.signatures(edit=True)
    gan.directions = None
    with pytest.raises(ValueError, match="no directions to edit along. Expected"):
        gan_keras.export(gan, tmp_path / "a", edit=True)
    assert not list((tmp_path / "a").iterdir())
