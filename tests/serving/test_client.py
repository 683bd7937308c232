"""The client with fake servers of both protocols: its requests, its results, its retries."""

import contextlib
import socket
import subprocess
import sys
import textwrap
import threading
import time

import fake_models
import grpc
import numpy as np
import pytest
import tensorflow as tf
from fake_models import FakeModels, Refusal, serving_grpc, serving_rest

from gan_keras.serving import http_client
from gan_keras.serving.client import BLOCK_BYTES, Client
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.http_client import Retries, TryLater
from gan_keras.serving.json_bytes import to_bytes

SERVING = {"rest": serving_rest, "grpc": serving_grpc}
QUICK = Retries(attempts=3, first=0.01)
FULL = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "The queue is full.")


@pytest.fixture(params=SERVING)
def protocol(request):
    return request.param


@pytest.fixture
def models():
    return FakeModels()


@pytest.fixture
def url(protocol, models):
    with SERVING[protocol](models) as url:
        yield url


@pytest.fixture
def client(url):
    with Client(url, models=["digits", "text", "absent"], retries=QUICK) as client:
        yield client


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_samples_are_text_float32_arrays_or_bytes_and_sample_i_is_of_seed_plus_i(client):
    assert client.generate("text", n=2, seed=41) == ["line 41 é", "line 42 é"]
    found = client.generate("digits", n=3, seed=1)
    np.testing.assert_array_equal(found, fake_models.images([1, 2, 3])["image"], strict=True)
    encoded = client.generate("digits", n=2, seed=5, signature="encoded", label=[0, 9])
    assert encoded == [b"\x89PNG\xff5 of 0", b"\x89PNG\xff6 of 9"]


def test_several_outputs_are_a_dict_and_numbers_may_be_nan(client):
    found = client.generate("wine", n=2)
    assert found["grape"] == ["Pinot", "Pinot"]
    np.testing.assert_array_equal(found["alcohol"], np.float32([np.nan, np.inf]), strict=True)


def test_one_choice_stands_for_all_samples_and_a_list_has_one_each(client):
    found = client.generate("text", n=2, prompt="ü ", temperature=[0.5, 1.5], top_p=0.25)
    assert found == ["ü 0 t=0.5 p=0.25", "ü 1 t=1.5 p=0.25"]


def test_choices_that_are_left_out_change_nothing(client):
    assert client.generate("text", prompt="a", top_p=None) == ["a0 t=1 p=1"]
    assert client.generate("text", signature="generate") == ["0 t=1 p=1"]


def test_a_label_reaches_generate_and_none_reaches_serving_default(client, models):
    np.testing.assert_array_equal(client.generate("digits", n=2, label=7), np.ones((2, 2, 2, 1), np.float32))
    client.generate("digits", label=None)
    assert [call[2] for call in models.calls] == ["generate", "serving_default"]


def test_many_samples_are_requested_in_blocks_and_equal_single_ones(client, models):
    found = client.generate("text", n=200, seed=3, prompt=[str(n) for n in range(200)])
    assert [call[3] for call in models.calls] == [64, 64, 64, 8]
    assert found[137] == client.generate("text", seed=140, prompt="137")[0]


@pytest.mark.parametrize(("size", "n", "blocks"), [(64, 64, [18, 18, 18, 10]), (256, 2, [1, 1]), (1024, 1, [1])])
def test_large_images_come_in_blocks_of_few_bytes(client, models, size, n, blocks):
    shape = (size, size, 3)
    made = np.random.default_rng(0).normal(size=(n, *shape)).astype(np.float32)
    inputs, outputs = {"seed": tf.int64}, {"image": (tf.float32, *shape)}
    models.models["digits"] = {
        "serving_default": (inputs, outputs, lambda seed: {"image": made[seed]}),
        "score": ({"image": (tf.float32, *shape)}, {"score": tf.float32}, lambda image: {"score": image.mean(axis=(1, 2, 3))}),
    }
    np.testing.assert_array_equal(client.generate("digits", n=n), made, strict=True)
    assert [call[3] for call in models.calls] == blocks
    if size < 1024:  # the other way is like it
        np.testing.assert_allclose(client.score("digits", made), made.mean(axis=(1, 2, 3)), rtol=1e-6)
        assert [call[3] for call in models.calls] == 2 * blocks


@pytest.mark.parametrize(
    "rows",
    [
        np.full((80, 5000), -1.17549435e-38, np.float32),
        np.full((80, 5000, 1), -2.2250738585072014e-308),
        np.full((80, 5000), -(2**63)),
        ["x" * 81_000] * 80,
    ],
    ids=["float32", "float64", "int64", "text"],
)
def test_a_request_of_several_rows_has_at_most_the_bytes_of_a_block(models, monkeypatch, rows):
    sizes = []

    def recorded(value):
        sizes.append(len(to_bytes(value)))
        return to_bytes(value)

    monkeypatch.setattr(http_client, "to_bytes", recorded)
    kind = tf.string if isinstance(rows, list) else tf.as_dtype(rows.dtype)
    models.models["wide"] = {
        "serving_default": ({"x": (kind, *np.shape(rows)[1:])}, {"y": tf.float32}, lambda x: {"y": np.float32([0] * len(x))})
    }
    with serving_rest(models) as url, Client(url) as client:
        assert len(client.predict("wide", {"x": rows})) == 80
    assert len(sizes) > 1 and 0.4 * BLOCK_BYTES < sizes[0] == max(sizes) <= BLOCK_BYTES


def test_score_reads_text_of_any_kind(client):
    found = client.score("text", ["abc", "", "日本", 'b"64\n'])
    np.testing.assert_array_equal(found, np.float32([1, 0, 2, 5 / 3]), strict=True)


def test_latents_go_through_predict(client):
    found = client.predict("digits", {"latents": [[1, 2, 4], [0.5, 0, -0.5]]}, signature="latents")
    np.testing.assert_array_equal(found, np.ones((2, 2, 2, 1), np.float32) * np.float32([1, 0]).reshape(2, 1, 1, 1))


def test_a_version_is_a_number_or_a_label(client, models):
    for version in (None, 2, "canary"):
        client.generate("text", version=version)
    assert [call[1] for call in models.calls] == [None, "2", "canary"]


REFUSED = [
    ("text", {"n": 0}, "at least one sample"),
    ("text", {"n": 1.5}, "whole numbers"),
    ("text", {"seed": 2**62 + 1}, "2\\^62"),
    ("text", {"mood": 3}, "Expected the inputs of the signature: prompt, seed, temperature, top_p"),
    ("text", {"prompt": 3}, "prompt is 3. Expected text"),
    ("text", {"temperature": "hot"}, "temperature is 'hot'. Expected float32"),
    ("text", {"n": 3, "prompt": ["a", "b"]}, r"prompt has shape \(2,\). Expected one value, or 3 rows"),
    ("text", {"prompt": "\ud800"}, "surrogates not allowed"),
    ("digits", {"label": 2**31}, "int32"),
    ("digits", {"label": 1.5}, "int32"),
]


def test_arguments_that_do_not_fit_are_refused_before_they_are_sent(client, models):
    for model, choices, words in REFUSED:
        with pytest.raises(ValueError, match=words):
            client.generate(model, **choices)
        assert not models.calls, choices


def test_predict_needs_at_least_one_row(client):
    for latents in (np.zeros((0, 3)), [1.0, 2.0, 3.0], 0.0):
        with pytest.raises(ValueError, match="at least one"):
            client.predict("digits", {"latents": latents}, signature="latents")


def test_models_returns_the_available_versions_of_the_given_names(client):
    assert client.models() == {"digits": [3], "text": [3], "absent": []}


def test_models_needs_names(url):
    with Client(url) as client, pytest.raises(ValueError, match="Expected their names"):
        client.models()


def test_status_gives_the_reason_why_a_version_is_not_served(client):
    assert client.status("text") == [(3, "AVAILABLE", Code.OK, ""), (2, "END", Code.DATA_LOSS, "damaged")]


def test_metadata_contains_dtypes_and_shapes_but_no_internal_signatures(client):
    version, signatures = client.metadata("digits")
    assert version == 3
    assert signatures["latents"] == ({"latents": ("float32", (None, 3))}, {"image": ("float32", (None, 2, 2, 1))})
    assert signatures["encoded"].outputs == {"png_bytes": ("string", (None,))}
    assert set(client.metadata("text").signatures) == {"serving_default", "generate", "score"}


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(ServingError, match=r"Servable not found for request: Latest\(absent\)") as caught:
        client.generate("absent")
    assert caught.value.code == Code.NOT_FOUND


def test_an_unknown_signature_is_refused_with_the_names_of_the_others(client):
    with pytest.raises(ServingError, match='"guided" not found in signature def: version 3 has generate, score, s') as caught:
        client.generate("text", signature="guided")
    assert caught.value.code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "INTERNAL"])
def test_an_error_has_the_servers_message_and_is_not_retried(client, models, code):
    client.generate("text")
    models.failures = [Refusal(grpc.StatusCode[code], "temperature: expected more than 0"), FULL]
    with pytest.raises(ServingError, match="temperature: expected more than 0") as caught:
        client.generate("text")
    assert caught.value.code.name == code
    assert len(models.failures) == (1 if code == "INTERNAL" else 0)  # a refused input may be of a new version: metadata is read


def test_a_full_or_unavailable_server_is_retried_and_the_last_attempt_raises_its_error(client, models):
    models.failures = [FULL, Refusal(grpc.StatusCode.UNAVAILABLE, "A worker restarts.")]
    assert client.generate("text", seed=4) == ["line 4 é"]
    models.failures = [FULL] * 5
    with pytest.raises(ServingError, match="The queue is full.") as caught:
        client.generate("text")
    assert caught.value.code == Code.RESOURCE_EXHAUSTED
    assert len(models.failures) == 5 - QUICK.attempts


def test_the_client_waits_as_long_as_the_server_requests(client, models):
    models.failures = [Refusal(FULL.code, FULL.message, seconds=1)]
    started = time.monotonic()
    client.generate("text")
    assert time.monotonic() - started >= 1


def test_a_pause_beyond_the_time_limit_is_not_started(url, models):
    models.failures = [Refusal(FULL.code, FULL.message, seconds=60)]
    with Client(url, timeout=2) as client, pytest.raises(ServingError, match="The queue is full."):
        client.generate("text")


def test_a_slow_answer_times_out(url, models):
    models.delay = 1.5
    started = time.monotonic()
    with Client(url, timeout=0.2) as client, pytest.raises(ServingError) as caught:
        client.generate("text")
    assert caught.value.code == Code.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 1.2


def test_a_missing_server_is_unavailable(protocol):
    scheme = {"rest": "http", "grpc": "grpc"}[protocol]
    with Client(f"{scheme}://127.0.0.1:{free_port()}", retries=QUICK) as client, pytest.raises(ServingError) as caught:
        client.generate("text")
    assert caught.value.code == Code.UNAVAILABLE


def test_a_restarted_server_is_found_again(protocol, models):
    port = free_port()
    with SERVING[protocol](models, port) as url:
        client = Client(url, retries=Retries(attempts=20, first=0.1, most=0.2))
        client.generate("text")
    started = threading.Event()

    def start_again():
        time.sleep(0.3)
        with SERVING[protocol](models, port):
            started.set()
            finished.wait(20)

    finished = threading.Event()
    thread = threading.Thread(target=start_again)
    thread.start()
    try:
        assert client.generate("text", seed=8) == ["line 8 é"]
        assert started.is_set()
    finally:
        client.close()
        finished.set()
        thread.join()


def test_signatures_are_read_again_when_a_version_was_swapped(client, models):
    client.generate("digits", label=1)
    models.models["digits"] = {
        **fake_models.MODELS["digits"],
        "generate": (
            {"seed": tf.int64, "label": tf.int32, "temperature": tf.float32},
            {"image": (tf.float32, 1)},
            lambda seed, label, temperature: {"image": temperature[:, None]},
        ),
    }
    np.testing.assert_array_equal(client.generate("digits", label=1), np.float32([[1]]), strict=True)
    assert client.generate("digits", label=1, temperature=0.5) == np.float32(0.5)


def test_an_answer_with_too_few_rows_is_an_internal_error(client, models):
    models.models["text"] = {"serving_default": ({"seed": tf.int64}, {"text": tf.string}, lambda seed: {"text": ["one"]})}
    with pytest.raises(ServingError, match=r"text has shape \(1,\) for 2 rows") as caught:
        client.generate("text", n=2)
    assert caught.value.code == Code.INTERNAL


def test_threads_share_a_client(client):
    found = {}

    def work(number):
        found[number] = [client.generate("text", seed=100 * number + n)[0] for n in range(20)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [f"line {100 * number + n} é" for n in range(20)] for number in range(8)}


def test_pauses_are_drawn_between_zero_and_a_limit_that_doubles(monkeypatch):
    drawn, slept = [], []
    monkeypatch.setattr(http_client.random, "uniform", lambda low, high: drawn.append((low, high)) or high)
    monkeypatch.setattr(http_client.time, "sleep", slept.append)

    def refuse(_):
        raise TryLater(Code.UNAVAILABLE, "no")

    with pytest.raises(ServingError):
        Retries(attempts=5, first=0.5, most=3.0).call(refuse, timeout=1000.0)
    assert slept == [0.5, 1.0, 2.0, 3.0]
    assert drawn[:3] == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0)]


def test_each_attempt_gets_the_time_that_is_left(monkeypatch):
    clock = iter([0.0, 1.0, 4.0, 6.0])
    monkeypatch.setattr(http_client.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(http_client.time, "sleep", lambda _: None)
    given = []

    def refuse_once(seconds):
        given.append(seconds)
        if len(given) == 1:
            raise TryLater(Code.UNAVAILABLE, "no")

    Retries(first=0.0).call(refuse_once, timeout=10.0)
    assert given == [9.0, 4.0]


def test_retries_without_an_attempt_and_urls_of_another_form_are_refused():
    with pytest.raises(ValueError, match="at least one attempt"):
        Retries(attempts=0)
    for url in ("127.0.0.1:8501", "ftp://127.0.0.1", "http://", "grpc://127.0.0.1:8500/v1", ""):
        with pytest.raises(ValueError, match="Expected http://HOST:PORT, https://HOST:PORT or grpc://HOST:PORT"):
            Client(url)


def test_grpc_without_its_packages_explains_how_to_install_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    monkeypatch.delitem(sys.modules, "gan_keras.serving.grpc_client", raising=False)
    with pytest.raises(ImportError, match=r'pip install "gan_keras\[serving\]"'):
        Client("grpc://127.0.0.1:8500")


def test_rest_needs_neither_tensorflow_nor_grpc():
    code = """
        import importlib.util, sys, types
        package = types.ModuleType("gan_keras")
        package.__path__ = importlib.util.find_spec("gan_keras").submodule_search_locations
        sys.modules["gan_keras"] = package  # without the imports of the package's own __init__
        from gan_keras.serving.client import BLOCK_BYTES, Client
        Client("http://127.0.0.1:1").close()
        print({"tensorflow", "grpc", "keras"} & set(sys.modules))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
