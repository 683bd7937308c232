"""The doctor: its table, its one recommendation, its problems, and what it measures if asked."""

import json
import subprocess
import sys
import types

import pytest

from command_line import call
from gan_keras.runs import doctor

GOOD = json.dumps({"devices": [], "has_cuda": False})
VERSIONS = {**dict.fromkeys(("gan_keras", *doctor.REQUIRED, *doctor.OPTIONAL), "1.0"), "tensorflow": "2.21.0"}
VERSIONS["tensorflow-text"] = "2.21.1"


class Machine:
    """A machine on which everything works; `said` holds what the separate processes say, `asked` what was run."""

    def __init__(self):
        self.versions, self.asked = dict(VERSIONS), []
        self.said = {"tensorflow": ([GOOD, "[[b'two', b'words']]"], None), "step": (["0.1"], None)}
        self.said["bfloat16"] = (["0.008 0.030 0.002 0.020"], None)

    def run_python(self, code, *arguments):
        part = "tensorflow" if code == doctor._TENSORFLOW else "step" if code == doctor._STEP else "bfloat16"
        self.asked.append((part, *arguments))
        return self.said[part]


@pytest.fixture
def machine(monkeypatch):
    found = Machine()
    monkeypatch.setattr(doctor, "run_python", found.run_python)
    monkeypatch.setattr(doctor, "units_of", lambda: [])
    monkeypatch.setattr(doctor, "version_of", lambda name: found.versions.get(name))
    monkeypatch.setattr(doctor, "requirements", dict)
    monkeypatch.setattr(doctor, "num_cores", lambda: 2)
    monkeypatch.setattr(doctor, "free_memory", lambda: (8.0, 16.0))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=2**40, total=2**40))
    monkeypatch.setattr(doctor, "why_no_gpu", lambda found: None)
    return found


def examined(**options):
    """Returns the lines of the doctor, and its recommendation."""
    lines = []
    doctor.examine(lines.append, **options)
    assert lines[-1].startswith("\nRecommendation: ") and sum("Recommendation" in line for line in lines) == 1
    return lines, lines[-1].partition(": ")[2]


# --- The table and the recommendation. ---


def test_a_good_machine_is_one_process_and_the_recommendation_to_measure(machine):
    lines, advice = examined()
    assert machine.asked == [("tensorflow", "text")]
    assert "gan-keras doctor --measure" in advice
    assert [line.split("  ")[0] for line in lines[:3]] == ["Python", "gan_keras", "tensorflow"]
    assert any(line.startswith("Memory") and "8.0 GiB free of 16.0" in line for line in lines)


def test_missing_optional_packages_are_named_with_purpose_and_command(machine):
    machine.versions |= {"grpcio": None, "mlflow": None}
    lines, advice = examined()
    table = [" ".join(line.split()) for line in lines]  # a narrow terminal breaks lines
    assert 'mlflow not installed; for `--track mlflow`: pip install "gan_keras[mlflow]"' in table
    assert 'For gRPC in `gan-keras serve`: pip install "gan_keras[serving]"' in advice


def test_a_problem_is_recommended_before_anything_else(machine, monkeypatch):
    machine.versions |= {"grpcio": None, "matplotlib": None}
    monkeypatch.setattr(doctor, "free_memory", lambda: (0.5, 16.0))
    assert 'matplotlib is not installed. Install it: pip install "matplotlib"' in examined()[1]
    machine.versions["matplotlib"] = "1.0"
    assert "Free some memory: 0.5 GiB" in examined()[1]


def test_the_doctor_exits_with_1_if_there_is_a_problem(machine):
    machine.said["tensorflow"] = ([GOOD], "undefined symbol: icudt77_dat")
    broken = call("doctor")
    assert broken.exit_code == 1 and "does not run with TensorFlow 2.21.0: undefined symbol: icudt77_dat" in broken.stdout
    machine.said["tensorflow"] = ([], "it ended with status -11")
    broken = call("doctor")
    assert broken.exit_code == 1 and "tensorflow 2.21.0 cannot be imported: it ended with status -11" in broken.stdout
    machine.said["tensorflow"] = ([GOOD, "[[b'two', b'words']]"], None)
    assert call("doctor").exit_code == 0


def test_without_tensorflow_no_process_is_started(machine):
    machine.versions["tensorflow"] = None
    assert "tensorflow is not installed" in examined()[1] and not machine.asked


def test_a_version_that_this_release_does_not_support_is_a_problem():
    required = doctor.requirements()
    assert {"tensorflow", "keras"} <= set(required) and "mlflow" not in required
    old = {**dict.fromkeys(doctor.REQUIRED), "keras": "3.1.0", "tensorflow": "2.21.0"}
    problems = doctor.version_problems(old, required)
    assert any(line.startswith("keras 3.1.0 is installed") and "pip install" in line for line in problems)
    assert not any(line.startswith("tensorflow ") for line in problems)


# --- TensorFlow, its devices and TensorFlow Text. ---


def test_text_of_another_minor_version_or_that_fails_to_run_is_a_problem():
    assert doctor.pair_problems("2.21.0", "2.21.1", None) == []
    assert "requires TensorFlow 2.20" in doctor.pair_problems("2.21.0", "2.20.1", None)[0]
    assert "undefined symbol" in doctor.pair_problems("2.21.0", "2.21.0", "undefined symbol")[0]
    assert "subwords do not" in doctor.pair_problems("2.21.0", None, None)[0]


def test_text_of_another_version_is_not_tried(machine):
    machine.versions["tensorflow-text"] = "2.20.0"
    assert "requires TensorFlow 2.20" in examined()[1] and machine.asked == [("tensorflow",)]


def test_an_idle_gpu_is_explained(monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(doctor.platform, "system", lambda: "Linux")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert doctor.why_no_gpu({"devices": ["GPU A100"], "has_cuda": True}) is None
    assert "does not find CUDA's libraries" in doctor.why_no_gpu({"devices": [], "has_cuda": True})
    assert 'without CUDA, so the GPU is idle: pip install "gan_keras[gpu]"' in doctor.why_no_gpu(json.loads(GOOD))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "CUDA_VISIBLE_DEVICES=-1 hides the GPU" in doctor.why_no_gpu({"devices": [], "has_cuda": True})


def test_a_separate_process_reports_its_lines_and_its_error():
    assert doctor.run_python("import sys; print(1); print(sys.argv[1])", "2") == (["1", "2"], None)
    assert doctor.run_python("print(1); raise OSError('broken')") == (["1"], "OSError: broken")
    killed = doctor.run_python("import os, signal; print(1, flush=True); os.kill(os.getpid(), signal.SIGKILL)")
    assert killed == (["1"], "it ended with status -9")


def test_a_process_that_does_not_end_is_an_error(monkeypatch):
    monkeypatch.setattr(doctor, "TIMEOUT_SECONDS", 1)
    assert doctor.run_python("import time; print(1, flush=True); time.sleep(60)") == (["1"], "no answer in 1 s")


# --- Processor and memory. ---


def test_the_units_are_read_from_the_processors_flags(tmp_path):
    path = tmp_path / "cpuinfo"
    for units in (["amx_bf16", "avx512_bf16"], ["avx512_bf16"], []):
        path.write_text(f"processor\t: 0\nflags\t\t: {' '.join(['fpu', 'avx2', *units])}\nbugs\t\t: amx_bf16\n")
        assert doctor.units_of(path) == units


def test_without_that_file_the_units_are_unknown(tmp_path):
    assert doctor.units_of(tmp_path / "none") is None
    assert "known on Linux only" in doctor.describe_units(None)
    assert "no matrix units" in doctor.describe_units([])


def test_free_memory_respects_the_limit_of_a_container(tmp_path):
    meminfo, limit = tmp_path / "meminfo", tmp_path / "memory.max"
    meminfo.write_text(f"MemTotal: {16 * 2**20} kB\nMemFree: 1 kB\nMemAvailable: {8 * 2**20} kB\nHugePages_Total:       0\n")
    assert doctor.free_memory(meminfo, limit) == (8.0, 16.0)
    limit.write_text(f"{4 * 2**30}\n")
    assert doctor.free_memory(meminfo, limit) == (4.0, 4.0)
    limit.write_text("max\n")
    assert doctor.free_memory(meminfo, limit) == (8.0, 16.0)
    assert doctor.free_memory(tmp_path / "none", limit) is None


# --- Measurements. ---


def test_measurements_are_announced_and_shown_one_by_one(machine, monkeypatch):
    monkeypatch.setattr(doctor, "units_of", lambda: ["amx_bf16"])
    lines, advice = examined(measure=True)
    start = next(index for index, line in enumerate(lines) if "Measuring" in line and "minute" in line)
    assert [line.split("  ")[0] for line in lines[start + 1 : -1]] == ["1 thread", "2 threads", "mixed_bfloat16"]
    assert machine.asked[1:] == [("step", "1"), ("step", "2"), ("bfloat16",)]
    assert "Train with gan-keras train ... --set precision=mixed_bfloat16" in advice


def test_nothing_is_measured_for_bfloat16_without_units_and_equal_times_are_no_advice(machine):
    advice = examined(measure=True)[1]
    assert machine.asked[1:] == [("step", "1"), ("step", "2")] and advice.startswith("None.")


def test_fewer_threads_are_recommended_only_if_they_are_clearly_faster(monkeypatch):
    for seconds, fastest in (({"1": 0.1, "2": 0.2}, 1), ({"1": 0.1, "2": 0.105}, 2), ({"1": 0.2, "2": 0.1}, 2)):
        monkeypatch.setattr(doctor, "run_python", lambda code, threads, seconds=seconds: ([str(seconds[threads])], None))
        assert doctor.fastest_threads(lambda name, text: None, [1, 2]) == fastest


def test_the_benefit_of_bfloat16_is_told_in_numbers(machine):
    text, pays_off = doctor.measure_bfloat16()
    assert "a matrix product 2.00 ms, in float32 8.00 ms (4.0 times as fast)" in text
    assert "a training step 20.00 ms, in float32 30.00 ms (1.5 times as fast)" in text and pays_off
    machine.said["bfloat16"] = (["0.008 0.030 0.002 0.040"], None)
    assert "does not pay off" in doctor.measure_bfloat16()[0]
    machine.said["bfloat16"] = ([], "no answer")
    assert doctor.measure_bfloat16() == ("the measurement failed: no answer", False)


# --- Without TensorFlow. ---


def test_the_doctor_itself_imports_neither_tensorflow_nor_keras():
    package = doctor.__file__.rpartition("runs")[0]
    code = f"""
import sys, types
package = types.ModuleType("gan_keras")  # without the public names, which need TensorFlow
package.__path__ = [{package!r}]
sys.modules["gan_keras"] = package
from gan_keras.runs import doctor
print([name for name in ("tensorflow", "keras", "numpy") if name in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
