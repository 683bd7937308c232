"""The models to serve: a folder, TensorFlow Serving's text format, and its message."""

import os
import time

import pytest
from google.protobuf import text_format

from gan_keras.serving import model_config
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.model_config import All, Latest, ModelConfig, Specific, configs_of_folder, from_proto, read_model_config

model_server_config_pb2 = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")


def entry(extra="", name="m", base_path="/models/m", platform="tensorflow"):
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "{platform}" {extra} }}'


def read(tmp_path, text):
    path = tmp_path / "models.config"
    path.write_text(text, encoding="utf-8")
    return read_model_config(path)


def read_entry(tmp_path, extra):
    (config,) = read(tmp_path, f"model_config_list {{ {entry(extra)} }}")
    return config


def test_a_policy_picks_versions_highest_first():
    every = [12, 3, 2, 1]
    policies = {Latest(): [12], Latest(2): [12, 3], Latest(9): every, All(): every, Specific((2, 12, 7)): [12, 2]}
    for policy, expected in policies.items():
        assert policy.pick({1: "a", 12: "b", 2: "c", 3: "d"}) == expected, policy
        assert policy.pick([]) == []


def test_a_file_of_tensorflow_serving_is_read_completely(tmp_path):
    text = f"""
      # as in `--model_config_file`
      model_config_list: {{
        config: {{ name: "a", base_path: "/models/a", model_platform: "tensorflow" }}
        {entry("model_version_policy { specific { versions: 3 versions: 4 } } version_labels { key: 'new' value: 4 }", "b")}
      }}"""
    assert read(tmp_path, text) == [
        ModelConfig("a", "/models/a", Latest(1), {}),
        ModelConfig("b", "/models/m", Specific((3, 4)), {"new": 4}),
    ]


def test_the_policy_is_the_latest_version_unless_another_is_named(tmp_path):
    for text, expected in {
        "": Latest(1),
        "model_version_policy { }": Latest(1),
        "model_version_policy { latest { } }": Latest(1),
        "model_version_policy { latest { num_versions: 3 } }": Latest(3),
        "model_version_policy { all { } }": All(),
        "model_version_policy: <specific: <versions: [7, 8]>>": Specific((7, 8)),
    }.items():
        assert read_entry(tmp_path, text).policy == expected, text


def test_the_deprecated_model_type_stands_for_the_platform_and_an_empty_list_serves_nothing(tmp_path):
    text = 'model_config_list { config { name: "m" base_path: "/m" model_type: TENSORFLOW } }'
    assert read(tmp_path, text) == [ModelConfig("m", "/m")]
    assert read(tmp_path, "model_config_list { }") == []


def listed(*entries):
    return "model_config_list {\n" + "\n".join(entries) + "\n}"


TYPE_AND_PLATFORM = (
    "Illegal setting {} ModelServerConfig::model_type (deprecated) {} ModelServerConfig::model_platform, model name is m"
)
FAULTS = [  # the entries, the line of the wrong one in the file, TensorFlow Serving's words
    ([entry(), entry()], 3, "Illegal to list model m multiple times in config list"),
    ([entry(name="a"), entry(base_path="models/m")], 3, "have an absolute path or URI; got base_path()=models/m"),
    (["config {", 'name: "m" model_platform: "tensorflow" }'], 2, "have an absolute path or URI; got base_path()="),
    ([entry(platform="pytorch")], 2, "Model m requests unsupported platform pytorch"),
    ([entry(platform="")], 2, TYPE_AND_PLATFORM.format("neither", "nor")),
    ([entry("model_type: TENSORFLOW")], 2, TYPE_AND_PLATFORM.format("both", "and")),
    ([entry(name="{0}", platform="")], 2, TYPE_AND_PLATFORM.format("neither", "nor").removesuffix("m") + "{0}"),
    ([entry("model_type: OTHER", platform="")], 2, "ModelServerConfig::model_type choice 2 not supported."),
    (["# config {", entry("logging_config { }")], 3, "No request-logger-creator provided."),
    ([entry(name="")], 2, "Model has no name"),
    ([entry(base_path="gs://bucket/m")], 2, "base_path gs://bucket/m, but this server reads the local disk only"),
    ([entry("model_version_policy { specific { } }")], 2, "Model m asks for specific versions and names none"),
]


@pytest.mark.parametrize(("entries", "line", "message"), FAULTS, ids=[message for _, _, message in FAULTS])
def test_a_wrong_entry_is_reported_with_its_line_and_in_the_same_words_to_a_client(tmp_path, entries, line, message):
    with pytest.raises(ValueError, match=f"models.config, line {line}: ") as of_file:
        read(tmp_path, listed(*entries))
    with pytest.raises(ServingError) as of_request:
        from_proto(text_format.Parse(listed(*entries), model_server_config_pb2.ModelServerConfig()))
    assert message in str(of_file.value) and "Expected entries like model_config_list" in str(of_file.value)
    assert of_request.value.message.endswith(message) and of_request.value.code == Code.INVALID_ARGUMENT


INVALID = [
    ("model_config_list {\n  config {\n  nmae: 'm' } }", 'line 3: .* no field named "nmae"'),
    ("model_config_list {\n  config {", "line 2: .* Expected a ModelServerConfig: model_config_list"),
    ("custom_model_config { [type.googleapis.com/a.B] { } }", "models.config: Type a.B not found .* Expected a ModelServerC"),
    ("models:\n  - m", "line 1: .* Expected a ModelServerConfig"),
    ("{}", "line 1: .* Expected a ModelServerConfig"),
    ("", "has no model_config_list"),
    ('custom_model_config { type_url: "x" }', "has no model_config_list"),
    # The rare form of a list has no line numbers.
    (
        'model_config_list { config: [ { name: "m" model_platform: "tensorflow" } ] }',
        "models.config: Expected model m to have an abs",
    ),
]


def test_an_invalid_file_is_reported_with_what_is_expected(tmp_path):
    for text, message in INVALID:
        with pytest.raises(ValueError, match=message):
            read(tmp_path, text)


def test_a_binary_file_is_reported(tmp_path):
    (tmp_path / "models.config").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"models.config is not text\. Expected a ModelServerConfig"):
        read_model_config(tmp_path / "models.config")


@pytest.mark.parametrize("text", ["", 'custom_model_config { type_url: "x" }'])
def test_a_request_without_a_list_of_models_is_refused_in_the_words_of_tensorflow_serving(text):
    with pytest.raises(
        ServingError, match="^ServerModelConfig type not supported by HandleReloadConfigRequest. Only Mo"
    ) as raised:
        from_proto(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))
    assert raised.value.code == Code.INVALID_ARGUMENT


def test_a_folder_gives_a_model_for_each_child_that_holds_a_version(tmp_path):
    for name in ("words/1", "digits/00000123", "digits/7", "no_version/latest", ".tmp-3/1", "empty"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "models.config").write_text("not read")
    assert configs_of_folder(tmp_path) == [
        ModelConfig("digits", str(tmp_path / "digits"), Latest(1), {}),
        ModelConfig("words", str(tmp_path / "words"), Latest(1), {}),
    ]


def test_a_folder_of_one_models_versions_and_a_missing_one_are_refused(tmp_path):
    (tmp_path / "digits" / "1").mkdir(parents=True)
    with pytest.raises(ValueError, match="holds the versions of one model. Expected the directory above: "):
        configs_of_folder(tmp_path / "digits")
    with pytest.raises(FileNotFoundError, match="not a directory. Expected one that holds NAME/VERSION/saved_model.pb"):
        configs_of_folder(tmp_path / "none")


def test_thousands_of_folders_are_not_looked_at_again_at_every_call(tmp_path, monkeypatch):
    looks, clock = [], [0.0]
    look = model_config.configs_of_folder

    def slow_look(directory):
        looks.append(clock[0])
        clock[0] += 0.5
        return look(directory)

    monkeypatch.setattr(model_config, "configs_of_folder", slow_look)
    monkeypatch.setattr(model_config.time, "monotonic", lambda: clock[0])
    read = model_config.FolderConfigs(tmp_path)
    for _ in range(100):
        assert read() == []
        clock[0] += 1.0
    assert len(looks) == 4 and all(late - early > 30 for early, late in zip(looks, looks[1:], strict=False))
    (tmp_path / "digits" / "1").mkdir(parents=True)
    os.utime(tmp_path, ns=(1, 1))
    assert [config.name for config in read()] == ["digits"]


def test_a_folder_of_few_models_is_looked_at_again_soon(tmp_path):
    (tmp_path / "digits").mkdir()
    read = model_config.FolderConfigs(tmp_path)
    assert read() == []
    (tmp_path / "digits" / "1").mkdir()  # does not change the time of the folder above
    until = time.monotonic() + 20
    while not read():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_base_paths_of_a_relative_folder_are_absolute(tmp_path, monkeypatch):
    (tmp_path / "models" / "m" / "1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert [config.base_path for config in configs_of_folder("models")] == [str(tmp_path / "models" / "m")]
