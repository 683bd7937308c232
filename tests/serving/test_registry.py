"""Versions come and go as in TensorFlow Serving: the old one stays until the new one is loaded, or while it is broken."""

import gc
import os
import pathlib
import shutil

import pytest
from tensorflow.core.protobuf import saved_model_pb2

from gan_keras.serving import registry as registry_module
from gan_keras.serving.errors import Code, ServingError
from gan_keras.serving.model_config import All, Latest, ModelConfig, Specific
from gan_keras.serving.registry import Registry


class Books:
    """A fake pool that records what was loaded and unloaded, in order."""

    def __init__(self):
        self.loaded, self.events = {}, []

    def load(self, key, directory, warm_up):
        if pathlib.Path(directory, "refused").exists():
            raise ServingError(Code.INVALID_ARGUMENT, f"{directory} is refused")
        self.loaded[key] = int(pathlib.Path(directory).name)
        self.events.append(f"+{self.loaded[key]}")

    def unload(self, key):
        self.events.append(f"-{self.loaded.pop(key)}")


@pytest.fixture
def registry():
    made = Registry()
    made.pool = Books()
    return made


def graph_with(*ops):
    """The bytes of a `saved_model.pb` with some operations."""
    saved_model = saved_model_pb2.SavedModel()
    graph = saved_model.meta_graphs.add()
    graph.meta_info_def.tags.append("serve")
    for op in ops:
        graph.graph_def.node.add(op=op, name=op)
    return saved_model.SerializeToString()


def write_version(folder, number, *others):
    directory = folder / str(number)
    directory.mkdir(parents=True)
    (directory / "saved_model.pb").write_bytes(graph_with())
    for name in others:
        (directory / name).touch()


def config(folder, policy=None, labels=None, name="m"):
    return ModelConfig(name, str(folder), policy or Latest(1), labels or {})


def serve_first(registry, folder):
    """Writes version 1 and serves it."""
    write_version(folder, 1)
    registry.configure([config(folder)])


def states(registry, name="m"):
    return {status.number: status.state for status in registry.statuses(name)}


def test_the_new_version_is_loaded_before_the_old_one_goes(registry, tmp_path):
    serve_first(registry, tmp_path)
    write_version(tmp_path, 2)
    registry.follow_disk()
    assert registry.version("m").number == 2
    assert registry.pool.events == ["+1", "+2", "-1"]
    assert states(registry) == {2: "AVAILABLE", 1: "END"}


def test_a_version_is_unloaded_only_after_its_last_request(registry, tmp_path):
    serve_first(registry, tmp_path)
    held = registry.version("m")
    write_version(tmp_path, 2)
    registry.follow_disk()
    assert states(registry) == {2: "AVAILABLE", 1: "UNLOADING"} and "-1" not in registry.pool.events
    del held
    registry.follow_disk()
    assert states(registry)[1] == "END" and registry.pool.events[-1] == "-1"


def test_a_version_held_by_a_cycle_of_objects_is_unloaded_too(registry, tmp_path):
    serve_first(registry, tmp_path)
    cycle = [registry.version("m")]
    cycle.append(cycle)
    del cycle
    gc.disable()
    try:
        shutil.rmtree(tmp_path / "1")
        registry.follow_disk()
    finally:
        gc.enable()
    assert registry.pool.events == ["+1", "-1"]


FAULTS = ["refused", "empty", "damaged", "another platform", "without variables", "a pipe", "a pipe of variables"]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_old_version_stays_while_the_new_one_is_broken(registry, tmp_path, fault):
    serve_first(registry, tmp_path)
    if fault == "refused":
        write_version(tmp_path, 2, "refused")
    else:
        (tmp_path / "2").mkdir()
    if fault == "damaged":
        (tmp_path / "2" / "saved_model.pb").write_bytes(b"\xff\xff\xff\xff")
    elif fault == "another platform":
        (tmp_path / "2" / "model.onnx").write_bytes(b"onnx")
    elif fault == "without variables":
        (tmp_path / "2" / "saved_model.pb").write_bytes(graph_with("VarHandleOp"))
    elif fault.startswith("a pipe"):
        (tmp_path / "2" / "variables").mkdir()
        os.mkfifo(tmp_path / "2" / ("saved_model.pb" if fault == "a pipe" else "variables/variables.index"))
    registry.follow_disk()
    assert registry.version("m").number == 1
    assert states(registry) == {2: "END", 1: "AVAILABLE"}
    status = registry.statuses("m", 2)[0]
    assert status.code != Code.OK and status.message and str(tmp_path) not in status.message


def test_an_incomplete_version_is_loaded_once_it_is_complete(registry, tmp_path):
    (tmp_path / "1").mkdir()
    registry.configure([config(tmp_path)])
    assert states(registry) == {1: "END"}
    shutil.rmtree(tmp_path / "1")
    write_version(tmp_path, 1)
    registry.follow_disk()
    assert states(registry) == {1: "AVAILABLE"}


def test_a_version_whose_variables_come_later_is_loaded_then(registry, tmp_path):
    serve_first(registry, tmp_path)
    (tmp_path / "2" / "variables").mkdir(parents=True)
    (tmp_path / "2" / "saved_model.pb").write_bytes(graph_with("VarHandleOp"))
    registry.follow_disk()
    assert registry.version("m").number == 1 and "variables.index" in registry.statuses("m", 2)[0].message
    (tmp_path / "2" / "variables" / "variables.index").touch()
    registry.follow_disk()
    assert registry.version("m").number == 2 and registry.pool.events == ["+1", "+2", "-1"]


def test_a_failed_version_that_has_not_changed_is_retried_a_few_times(registry, tmp_path, monkeypatch):
    write_version(tmp_path, 1, "refused")
    attempts = []
    load = registry.pool.load
    registry.pool.load = lambda *arguments: attempts.append(1) or load(*arguments)
    registry.configure([config(tmp_path)])
    registry.follow_disk()
    assert len(attempts) == 1
    monkeypatch.setattr(registry_module, "RETRY_SECONDS", -1.0)
    for _ in range(20):
        registry.follow_disk()
    assert len(attempts) == registry_module.MAX_RETRIES


def test_policies_select_the_versions_to_serve(registry, tmp_path):
    for number in (1, 2, 10):
        write_version(tmp_path, number)
    for policy, expected in ((Latest(2), [10, 2]), (All(), [10, 2, 1]), (Specific([1]), [1])):
        registry.configure([config(tmp_path, policy)])
        assert [number for number, state in states(registry).items() if state == "AVAILABLE"] == expected


def test_directories_named_by_a_number_of_64_bits_are_versions_and_others_are_ignored(registry, tmp_path):
    write_version(tmp_path, "00000123")
    write_version(tmp_path, 2**63)
    for name in (".tmp-1", "1a", "-3", "4.0", "٣"):
        (tmp_path / name).mkdir()
    registry.configure([config(tmp_path, All())])
    assert states(registry) == {123: "AVAILABLE"}


def test_versions_disappear_when_all_are_deleted_but_not_when_the_folder_is_unreachable(registry, tmp_path):
    folder, away = tmp_path / "m", tmp_path / "away"
    write_version(folder, 1)
    registry.configure([config(folder)])
    os.rename(folder, away)
    registry.follow_disk()
    assert registry.version("m").number == 1
    os.rename(away, folder)
    shutil.rmtree(folder / "1")
    registry.follow_disk()
    with pytest.raises(ServingError, match=r"Servable not found for request: Latest\(m\)") as caught:
        registry.version("m")
    assert caught.value.code == Code.NOT_FOUND and states(registry) == {1: "END"}


def test_an_unreadable_folder_does_not_affect_other_models(registry, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    write_version(tmp_path / "good", 1)
    registry.configure([config(tmp_path / "loop", name="loop"), config(tmp_path / "good", name="good")])
    assert states(registry, "good") == {1: "AVAILABLE"}


def test_files_written_while_a_version_fails_to_load_count_as_a_change(registry, tmp_path):
    write_version(tmp_path, 1)
    load = registry.pool.load

    def half_written(key, directory, warm_up):
        registry.pool.load = load
        (directory / "variables").touch()
        raise ServingError(Code.NOT_FOUND, "no variables")

    registry.pool.load = half_written
    registry.configure([config(tmp_path)])
    assert states(registry) == {1: "END"}
    registry.follow_disk()
    assert states(registry) == {1: "AVAILABLE"}


def test_models_missing_from_a_new_configuration_are_withdrawn_and_may_return(registry, tmp_path):
    write_version(tmp_path / "a", 1)
    write_version(tmp_path / "b", 1)
    a, b = config(tmp_path / "a", name="a"), config(tmp_path / "b", name="b")
    registry.configure([a, b])
    registry.configure([b])
    assert states(registry, "a") == {1: "END"} and sorted(registry.models) == ["b"]
    registry.configure([a, b])
    assert states(registry, "a") == {1: "AVAILABLE"}


def test_a_label_moves_only_to_a_version_that_is_available(registry, tmp_path):
    for number in (1, 2):
        write_version(tmp_path, number)
    registry.configure([config(tmp_path, All(), {"stable": 1})])
    assert registry.version("m", label="stable").number == 1
    with pytest.raises(ServingError, match="assign label to version 3 of model m, which is not currently") as caught:
        registry.configure([config(tmp_path, All(), {"stable": 3})])
    assert caught.value.code == Code.FAILED_PRECONDITION and registry.version("m", label="stable").number == 1
    registry.configure([config(tmp_path, All(), {"stable": 2})])
    assert registry.version("m", label="stable").number == 2


def test_a_version_that_a_worker_cannot_load_again_is_no_longer_served(registry, tmp_path):
    serve_first(registry, tmp_path)
    registry.lose(registry.version("m").key, ServingError(Code.NOT_FOUND, "gone"))
    assert states(registry) == {1: "END"} and registry.statuses("m")[0].message == "gone"
    with pytest.raises(ServingError, match="Servable not found"):
        registry.version("m")
