"""A seed gives the same bytes in Python, the SavedModel, the C++ loader, REST and gRPC, alone and in a batch."""

import concurrent.futures

import numpy as np
import pytest
import tensorflow as tf

import gan_keras
from gan_keras.data.text.phrases import english_phrases
from gan_keras.export.replay import Call, replay
from gan_keras.serving import Client, Code, ServingError
from gan_keras.serving.server import Server
from gan_keras.serving.version import Version

NUM = 64
CHOICES = {
    "digits": {"label": np.arange(NUM, dtype=np.int32) % 10},
    "phrases": {
        "prompt": np.array([("", "the")[row % 2] for row in range(NUM)], object),
        "temperature": np.linspace(0.5, 1.5, NUM, dtype=np.float32),
        "top_p": np.linspace(0.3, 1.0, NUM, dtype=np.float32),
    },
}


@pytest.fixture(scope="module", params=["digits", pytest.param("phrases", marks=pytest.mark.slow)])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def gan(name):
    gan_keras.set_seed(0, deterministic=False)  # a setting of the whole process would affect other tests
    if name == "digits":
        return gan_keras.presets.get("image", "tiny").build((16, 16, 1), num_labels=10)
    return gan_keras.presets.get("text", "tiny").build(english_phrases().sample(200, seed=0))


@pytest.fixture(scope="module")
def folder(name, gan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved_models")
    gan_keras.export(gan, folder / name)
    return folder


@pytest.fixture(scope="module")
def server(folder):
    with Server(folder, port=0, grpc_port=0, workers=2) as server:
        yield server


def expected(gan, name):
    """The GAN's own results for `NUM` rows, as bytes."""
    if name == "digits":
        return as_bytes(gan.generate(NUM, seed=0, labels=CHOICES[name]["label"]))
    rows = zip(*CHOICES[name].values(), strict=True)
    return [gan.generate(1, row, temperature, top_p, prompt)[0].encode() for row, (prompt, temperature, top_p) in enumerate(rows)]


def as_bytes(rows):
    return [row.encode() if isinstance(row, str) else row if isinstance(row, bytes) else row.tobytes() for row in rows]


def tensors(name):
    encoded = {
        key: np.array([each.encode() for each in values], object) if key == "prompt" else values
        for key, values in CHOICES[name].items()
    }
    return {"seed": np.arange(NUM), **encoded}


def test_every_way_to_a_sample_gives_the_same_bytes(gan, folder, server, name):
    wanted = expected(gan, name)
    assert len(set(wanted)) > NUM // 2
    assert as_bytes(by_saved_model(folder / name / "1", name)) == wanted
    assert as_bytes(by_c_loader(folder / name / "1", name)) == wanted
    for url in (f"http://127.0.0.1:{server.port}", f"grpc://127.0.0.1:{server.grpc_port}"):
        with Client(url) as client, concurrent.futures.ThreadPoolExecutor(NUM) as threads:
            assert as_bytes(client.generate(name, NUM, seed=0, **CHOICES[name])) == wanted
            assert list(threads.map(lambda row, client=client: alone(client, name, row), range(NUM))) == wanted


def alone(client, name, row):
    return as_bytes(client.generate(name, 1, seed=row, **{key: values[row] for key, values in CHOICES[name].items()}))[0]


def by_saved_model(version, name):
    signature = tf.saved_model.load(str(version)).signatures["generate"]
    (rows,) = signature(**{key: tf.constant(array) for key, array in tensors(name).items()}).values()
    return rows.numpy()


def by_c_loader(version, name):
    signature = Version(name, 1, version).signatures["generate"]
    feeds = {signature.inputs[key].name: array for key, array in tensors(name).items()}
    (rows,) = replay(str(version), [Call("generate", feeds, [tensor.name for tensor in signature.outputs.values()])]).outputs[0]
    return rows


def test_requests_of_many_clients_were_merged(server, name):
    """Otherwise the test above would not cover batches."""
    lines = [line for line in server.core.metrics_text().splitlines() if "processed_batch_size_bucket" in line]
    (single,) = [int(line.rpartition(" ")[2]) for line in lines if f'model_name="{name}"' in line and 'le="1"' in line]
    (total,) = [int(line.rpartition(" ")[2]) for line in lines if f'model_name="{name}"' in line and 'le="+Inf"' in line]
    assert total - single >= 3


REFUSED = {
    "digits": {"label": ([10, -1], "label: expected 0 to 9, got")},
    "phrases": {
        "temperature": ([0.0, -1.0, np.nan, np.inf], "temperature: expected finite numbers more than 0, got"),
        "top_p": ([1.5, np.nan], "top_p: expected numbers in"),
    },
}


def test_the_graph_refuses_invalid_choices(server, name):
    for url in (f"http://127.0.0.1:{server.port}", f"grpc://127.0.0.1:{server.grpc_port}"):
        with Client(url) as client:
            for choice, (values, reason) in REFUSED[name].items():
                for value in values:
                    with pytest.raises(ServingError, match=reason) as caught:
                        client.generate(name, 1, **{choice: value})
                    assert caught.value.code == Code.INVALID_ARGUMENT


def test_the_graph_refuses_latents_that_are_nan(server, name):
    with Client(f"http://127.0.0.1:{server.port}") as client:
        info = client.metadata(name).signatures["latents"].inputs
        inputs = {"latents": np.full([1, info["latents"].shape[1]], np.nan, np.float32)}
        inputs |= {"label": np.zeros(1, np.int32)} if "label" in info else {}
        with pytest.raises(ServingError, match="latents: expected finite numbers, got") as caught:
            client.predict(name, inputs, signature="latents")
    assert caught.value.code == Code.INVALID_ARGUMENT


def test_files_and_the_best_of_drafts_are_the_same_too(folder, server, name):
    signature = {"digits": "encoded", "phrases": "guided"}[name]
    function = tf.saved_model.load(str(folder / name / "1")).signatures[signature]
    (rows,) = function(**{key: tf.constant(array[:8]) for key, array in tensors(name).items()}).values()
    choices = {key: values[:8] for key, values in CHOICES[name].items()}
    for url in (f"http://127.0.0.1:{server.port}", f"grpc://127.0.0.1:{server.grpc_port}"):
        with Client(url) as client:
            assert as_bytes(client.generate(name, 8, seed=0, signature=signature, **choices)) == as_bytes(rows.numpy())
