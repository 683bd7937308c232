"""The content of `saved_models/`: trained models that are served as they are, and configuration files for production.

Fields and flags are those of TensorFlow Serving's `session_bundle_config.proto`, `monitoring_config.proto` and
`model_servers/main.cc`; no package contains their definitions.
"""

import functools
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading

import numpy as np
import pytest
import tensorflow as tf
import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2
from tensorflow.core.protobuf import saved_model_pb2

import committed
from gan_keras import noise
from gan_keras.export.gate import check
from gan_keras.export.replay import Call, replay
from gan_keras.serving.errors import MAX_ROWS
from gan_keras.serving.model_config import Latest, ModelConfig, read_model_config

ROOT = pathlib.Path(__file__).parent.parent / "saved_models"
SIGNATURES = {  # besides `serving_default`
    "docstrings": {"generate", "latents", "guided"},
    "digits": {"generate", "latents", "encoded"},
    "tones": {"generate", "latents", "encoded"},
    "moving_digits": {"generate", "latents"},
    "wine": {"generate", "latents"},
    "sines": {"generate", "latents"},
    "inverted_digits": {"a_to_b", "b_to_a"},
}
MODELS = tuple(SIGNATURES)
MEASURED = MODELS[2:]  # their cards hold scores; those of the first two are in the guide
MOST_BYTES, MOST_BYTES_OF_ALL = 3_000_000, 16_000_000
LARGEST = {"docstrings": 5_000_000}
FLAGS = {
    *("port", "rest_api_port", "rest_api_timeout_in_ms", "rest_api_num_threads", "grpc_max_threads"),
    *("model_config_file", "model_config_file_poll_wait_seconds", "allow_version_labels_for_unavailable_models"),
    *("enable_batching", "batching_parameters_file", "monitoring_config_file"),
    *("tensorflow_intra_op_parallelism", "tensorflow_inter_op_parallelism"),
}
SCHEMA = """
  name: "configs.proto"
  syntax: "proto3"
  dependency: "google/protobuf/wrappers.proto"
  message_type {
    name: "BatchingParameters"
    field { name: "max_batch_size" number: 1 type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
    field { name: "batch_timeout_micros" number: 2 type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
    field { name: "max_enqueued_batches" number: 3 type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
    field { name: "num_batch_threads" number: 4 type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
    field { name: "thread_pool_name" number: 5 type: TYPE_MESSAGE type_name: ".google.protobuf.StringValue" }
    field { name: "allowed_batch_sizes" number: 6 type: TYPE_INT64 label: LABEL_REPEATED }
    field { name: "pad_variable_length_inputs" number: 7 type: TYPE_BOOL }
    field { name: "enable_large_batch_splitting" number: 8 type: TYPE_MESSAGE type_name: ".google.protobuf.BoolValue" }
    field { name: "max_execution_batch_size" number: 9 type: TYPE_MESSAGE type_name: ".google.protobuf.Int64Value" }
  }
  message_type { name: "PrometheusConfig"
    field { name: "enable" number: 1 type: TYPE_BOOL } field { name: "path" number: 2 type: TYPE_STRING } }
  message_type { name: "MonitoringConfig"
    field { name: "prometheus_config" number: 1 type: TYPE_MESSAGE type_name: "PrometheusConfig" } }
"""


def read_config(name, message_name):
    """The message that a server would read from one of the files."""
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(text_format.Parse(SCHEMA, descriptor_pb2.FileDescriptorProto()))
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(message_name))()
    return text_format.Parse((ROOT / name).read_text(encoding="utf-8"), message)


@pytest.fixture(scope="module")
def compose():
    """The one service of compose.yaml."""
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    return service


@pytest.fixture(scope="module")
def manifests():
    """The objects of kubernetes.yaml by kind."""
    objects = list(yaml.safe_load_all((ROOT / "kubernetes.yaml").read_text(encoding="utf-8")))
    assert len({each["kind"] for each in objects}) == len(objects)
    return {each["kind"]: each for each in objects}


@pytest.fixture(scope="module")
def pod(manifests):
    return manifests["Deployment"]["spec"]["template"]


@pytest.fixture(scope="module")
def container(pod):
    (container,) = pod["spec"]["containers"]
    return container


def flags_of(arguments):
    """Values by name; TensorFlow's parser knows `--name=value` alone."""
    assert all(re.fullmatch(r"--\w+=\S+", argument) for argument in arguments)
    return dict(argument[2:].split("=", 1) for argument in arguments)


def contents_of(name):
    return {path: committed.read(path) for path in committed.files(f"saved_models/{name}")}


@pytest.mark.parametrize("name", MODELS)
def test_a_committed_model_is_small_and_tells_nothing_of_the_machine_that_made_it(name):
    contents = contents_of(name)
    assert 0 < sum(len(content) for content in contents.values()) <= LARGEST.get(name, MOST_BYTES)
    assert {path.split("/")[2] for path in contents} == {"1"}
    for path, content in contents.items():
        assert not re.findall(rb"/(?:home|root|tmp|work|Users|usr)/[\w.]+", content), path


def test_all_models_together_are_small():
    assert sum(len(content) for name in MODELS for content in contents_of(name).values()) <= MOST_BYTES_OF_ALL


@pytest.mark.parametrize("name", MEASURED)
def test_a_card_holds_the_data_the_command_and_scores_beside_a_baseline_and_real_data(name):
    card = json.loads((ROOT / name / "1" / "assets.extra" / "model_card.json").read_text(encoding="utf-8"))
    assert card["command"] == f"python benchmarks/zoo.py {name}" and card["data"].startswith("gan_keras.data.load(")
    lines = card["evaluation"]
    verdict = next(line for line in lines if line.startswith("Verdict: "))
    assert "Compared with" in verdict and "real" in lines[0] and len(lines) > 4


@pytest.mark.parametrize("name", MODELS)
def test_a_committed_model_passes_the_gate_and_has_no_score(name):
    assert set(check(str(ROOT / name / "1"))["signatures"]) == {"serving_default"} | SIGNATURES[name]


@pytest.mark.parametrize("name", MODELS[:-1])
def test_loaders_and_batches_give_equal_samples(name):
    seeds = np.arange(20, 40)
    function = tf.saved_model.load(str(ROOT / name / "1")).signatures["serving_default"]
    output = min(function.structured_outputs)
    expected = function(seed=tf.constant(seeds))[output].numpy()
    alone = [function(seed=tf.constant(seeds[row : row + 1]))[output].numpy()[0] for row in (0, 7, 19)]
    reply = replay(str(ROOT / name / "1"), [call_of(name, output, seeds)])
    compare = (
        np.testing.assert_array_equal if expected.dtype == object else functools.partial(np.testing.assert_allclose, atol=1e-5)
    )
    compare(reply.outputs[0][0], expected)
    np.testing.assert_array_equal(alone, expected[[0, 7, 19]])


def call_of(name, output, seeds):
    content = (ROOT / name / "1" / "saved_model.pb").read_bytes()
    signature = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def["serving_default"]
    return Call("serving_default", {signature.inputs["seed"].name: seeds}, [signature.outputs[output].name])


def test_the_sentences_are_sentences_and_the_digits_are_bright_on_dark():
    text = tf.saved_model.load(str(ROOT / "docstrings" / "1")).signatures["serving_default"]
    sentences = [sentence.decode() for sentence in text(seed=tf.range(64, dtype=tf.int64))["text"].numpy()]
    assert len(set(sentences)) > 60
    assert np.mean([bool(re.fullmatch(r"[A-Z].*\.", sentence)) for sentence in sentences]) > 0.9
    images = tf.saved_model.load(str(ROOT / "digits" / "1")).signatures["serving_default"](seed=tf.range(64, dtype=tf.int64))
    assert images["image"].shape == (64, 16, 16, 1)
    assert 0.1 < np.mean(images["image"]) < 0.5 < np.quantile(images["image"], 0.9)


def test_the_labels_of_each_model_refer_to_an_existing_version():
    labels = {"stable": 1, "canary": 1}
    configs = read_model_config(ROOT / "models.config")
    assert configs == [ModelConfig(name, f"/models/{name}", Latest(2), labels) for name in MODELS]
    assert all((ROOT / name / "1" / "saved_model.pb").exists() for name in MODELS)


def test_batch_sizes_are_those_that_the_graphs_compute_anyway():
    batching = read_config("batching.config", "BatchingParameters")
    sizes, most = list(batching.allowed_batch_sizes), batching.max_execution_batch_size.value
    assert sizes == sorted(set(sizes)) and sizes[-1] == batching.max_batch_size.value  # or the server does not start
    assert [size for size in sizes if size <= most] == list(range(noise.ROWS, most + 1, noise.ROWS))
    assert batching.enable_large_batch_splitting.value and batching.max_batch_size.value == MAX_ROWS
    assert batching.max_enqueued_batches.value > 0


def test_metrics_are_enabled_at_the_path_given_to_prometheus(pod, container):
    monitoring = read_config("monitoring.config", "MonitoringConfig").prometheus_config
    annotations = pod["metadata"]["annotations"]
    assert monitoring.enable and monitoring.path == annotations["prometheus.io/path"]
    assert monitoring.path == container["livenessProbe"]["httpGet"]["path"]
    assert annotations["prometheus.io/port"] == flags_of(container["args"])["rest_api_port"]


def test_both_manifests_run_one_image_with_the_same_flags(compose, container):
    assert compose["image"] == container["image"]
    assert [int(part) for part in re.fullmatch(r"tensorflow/serving:(\d+)\.(\d+)\.\d+", compose["image"]).groups()] >= [2, 20]
    assert compose["entrypoint"] == container["command"] == ["/usr/bin/tensorflow_model_server"]
    flags, others = flags_of(compose["command"]), flags_of(container["args"])
    assert set(flags) == set(others) == FLAGS
    assert {name: pathlib.Path(value).name for name, value in flags.items()} == {
        name: pathlib.Path(value).name for name, value in others.items()
    }


def test_every_file_named_by_a_flag_is_in_a_read_only_mount(compose, pod, container):
    (mount,) = compose["volumes"]
    assert (mount["source"], mount["target"], mount["read_only"]) == (".", "/models", True)
    mounts = {each["mountPath"]: each for each in container["volumeMounts"]}
    assert mounts["/models"]["readOnly"] and mounts["/config"]["readOnly"]
    assert {each["name"] for each in mounts.values()} == {each["name"] for each in pod["spec"]["volumes"]}
    for flags, directory in ((compose["command"], "/models"), (container["args"], "/config")):
        files = [pathlib.Path(value) for name, value in flags_of(flags).items() if name.endswith("_file")]
        assert len(files) == 3
        assert all(str(path.parent) == directory and (ROOT / path.name).exists() for path in files)


def test_ports_agree_from_the_flag_to_the_client(compose, manifests, container):
    flags = flags_of(container["args"])
    ports = {"grpc": int(flags["port"]), "rest": int(flags["rest_api_port"])}
    assert {each["name"]: each["containerPort"] for each in container["ports"]} == ports
    assert {each["name"]: each["port"] for each in manifests["Service"]["spec"]["ports"]} == ports
    assert all(each["targetPort"] == each["name"] for each in manifests["Service"]["spec"]["ports"])
    assert sorted(compose["ports"]) == sorted(f"127.0.0.1:{port}:{port}" for port in ports.values())
    assert all(container[f"{probe}Probe"]["httpGet"]["port"] == "rest" for probe in ("startup", "readiness", "liveness"))


def test_the_number_of_threads_equals_the_containers_cores(compose, container):
    cores = container["resources"]["limits"]["cpu"]
    flags = flags_of(container["args"])
    assert container["resources"]["requests"] == container["resources"]["limits"]
    assert compose["deploy"]["resources"]["limits"]["cpus"] == cores
    assert flags["tensorflow_intra_op_parallelism"] == flags["tensorflow_inter_op_parallelism"] == cores
    assert read_config("batching.config", "BatchingParameters").num_batch_threads.value == int(cores)


def test_autoscaler_budget_and_service_select_the_deployments_pods(manifests, pod):
    deployment = manifests["Deployment"]
    scaler = manifests["HorizontalPodAutoscaler"]["spec"]
    assert (scaler["scaleTargetRef"]["kind"], scaler["scaleTargetRef"]["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]
    budget = manifests["PodDisruptionBudget"]["spec"]
    assert 0 < budget["minAvailable"] < scaler["minReplicas"] < scaler["maxReplicas"]
    selectors = [deployment["spec"]["selector"]["matchLabels"], budget["selector"]["matchLabels"]]
    assert [*selectors, manifests["Service"]["spec"]["selector"]] == 3 * [pod["metadata"]["labels"]]
    claim = manifests["PersistentVolumeClaim"]["metadata"]["name"]
    assert {"claimName": claim} in [each.get("persistentVolumeClaim") for each in pod["spec"]["volumes"]]


def test_a_pod_answers_its_last_requests_before_it_is_killed(pod, container):
    (_, sleep) = container["lifecycle"]["preStop"]["exec"]["command"]
    longest = int(flags_of(container["args"])["rest_api_timeout_in_ms"]) / 1000
    assert longest < int(sleep) < pod["spec"]["terminationGracePeriodSeconds"]


class Health(http.server.BaseHTTPRequestHandler):
    """Knows the metadata of the models in `loaded`, and speaks as old as libevent does to an old client."""

    loaded = set()

    def do_GET(self):
        name = self.path.removeprefix("/v1/models/").removesuffix("/metadata")
        self.send_response(200 if name in self.loaded else 404)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments):
        pass


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed; the image has it")
def test_a_container_is_healthy_as_soon_as_all_models_are_loaded(compose):
    kind, *command = compose["healthcheck"]["test"]
    assert kind == "CMD"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        command = [part.replace("$$", "$").replace("8501", str(server.server_port)) for part in command]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        codes = []
        for Health.loaded in ({}, set(MODELS[:-1]), set(MODELS)):
            codes.append(subprocess.run(command, timeout=20, check=False).returncode)
        server.shutdown()
    codes.append(subprocess.run(command, timeout=20, check=False, stderr=subprocess.DEVNULL).returncode)
    assert [code == 0 for code in codes] == [False, False, True, False]
