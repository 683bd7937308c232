"""The start of the command line: what needs no TensorFlow is answered without it, and TensorFlow's log is not shown."""

import os
import pathlib
import subprocess
import sys

import pytest

from gan_keras import startup

ROOT = pathlib.Path(__file__).parents[1]

WITHOUT_TENSORFLOW = {
    "--help": 0,
    "--version": 0,
    "datasets": 0,
    "presets": 0,
    "presets image": 0,
    "train table --help": 0,
    "generate --help": 0,
    "trian": 2,
    "train": 2,
    "train smells --data x --out y": 2,
    "train text --data docstrings --out y --preset nope": 2,
    "train text --data docstrings --out y --set unts=3": 2,
    "train text --data docstrings --out y --set units=0": 2,
    "train text --data docstrings --out y --set units": 2,
    "train text --data docstrings --out y --epochs 0": 2,
    "train text --data docstrings --out y --epochs 1 --minutes 1": 2,
    "train image --data nowhere --out y": 2,
    "train image --data digits --out y --resume": 2,
    "train table --data wine --out y --delta 0.1": 2,
    "train table --data wine --out y --epsilon 0": 2,
    "train table --data wine --out y --schema nowhere": 2,
    "train text --data docstrings --out y --epsilon 3": 2,
    "train image --data digits --out y --schema nowhere": 2,
    "schema nowhere": 2,
    "schema wine --set units=3": 2,
    "generate nowhere": 2,
    "generate nowhere --sed 1": 2,
    "generate run": 2,
    "generate run --output a.jpg": 2,
    "generate run --output a.png --prompt the": 2,
    "generate run --output a.png --label cat": 2,
    "evaluate nowhere": 2,
    "explain nowhere": 2,
    "explain run --directions jacobien": 2,
    "explain run --samples nowhere": 2,
    "explain run --num 0": 2,
    "audit nowhere": 2,
    "audit run --data nowhere": 2,
    "audit run --fail-above 2": 2,
    "audit run --canaries 8 --train": 2,
    "audit run --train": 2,
    "report nowhere": 2,
    "augment nowhere --compare": 2,
    "export nowhere": 2,
    "export run --edit": 2,
    "export --check nowhere": 2,
    "serve": 2,
    "serve nowhere": 2,
    "serve . --host ::g": 1,  # an address that cannot be had, as a port that is taken
    "serve --model-config nowhere --allow-reload": 2,
}
"""Arguments, and the exit code."""

COMMANDS = """
import contextlib, io, sys
sys.argv = ["gan-keras"]
from gan_keras.cli import app
for line in sys.stdin.read().splitlines():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            app(line.split(), prog_name="gan-keras")
        except SystemExit as end:
            code = end.code
    loaded = sorted({"tensorflow", "keras", "numpy", "matplotlib", "sklearn", "rich"} & set(sys.modules))
    print(line, code, len(sys.modules), *loaded, sep="|")
"""


def python(code, *arguments, **options):
    """Runs code as the command line would run, with its log as a user gets it, and returns the finished process."""
    environment = {name: value for name, value in os.environ.items() if name != startup.LOG_LEVEL}
    options = {"capture_output": True, "text": True, "timeout": 300, "env": environment, **options}
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], **options)


def test_lists_help_and_refusals_import_neither_tensorflow_nor_numpy(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"modality": "image", "preset": {}, "seed": 0, "labels": ["dog"]}')
    done = python(COMMANDS, input="\n".join(WITHOUT_TENSORFLOW), cwd=tmp_path)
    lines = [line.split("|") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == list(WITHOUT_TENSORFLOW), done.stderr
    for arguments, code, num_modules, *loaded in lines:
        assert int(code) == WITHOUT_TENSORFLOW[arguments], arguments
        assert not loaded, f"{arguments} imports {loaded}"
        assert int(num_modules) < 500, f"{arguments} imports {num_modules} modules"


def test_the_shell_completes_commands_modalities_and_presets():
    for words, expected in (
        ("gan-keras ev", "evaluate"),
        ("gan-keras train ta", "table"),
        ("gan-keras train image --preset r", "r3gan"),
    ):
        asked = {"_GAN_KERAS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        code = "import sys; sys.argv = ['gan-keras']\nfrom gan_keras.cli import app\napp(prog_name='gan-keras')"
        assert python(code, env={**os.environ, **asked}).stdout.split() == [expected], words


GENERATE = """
import sys
sys.argv = ["gan-keras", *sys.argv[1:]]
from gan_keras.cli import app
from gan_keras.runs.files import import_classes
app(sys.argv[1:], standalone_mode=False)
import_classes()
import keras
known = set(keras.saving.get_custom_objects())
sys.argv = ["notebook"]
for name in [name for name in sys.modules if name.split(".")[0] == "gan_keras"]:
    del sys.modules[name]
import gan_keras
missing = {name for name in keras.saving.get_custom_objects() if name.startswith("gan_keras>")} - known
assert len(known) > 100 and not missing, missing
"""


def test_a_command_writes_nothing_to_standard_error_and_knows_every_class_of_the_package(tmp_path):
    arguments = ("generate", ROOT / "saved_models" / "digits", "-n", 2, "--output", tmp_path / "digits.npz")
    done = python(GENERATE, *arguments)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if not line.startswith(("Written: ", "Next: "))]


WITHOUT_LOG = """
import os, sys
sys.argv = ["gan-keras"]
from gan_keras import startup
with startup.without_log():
    os.write(2, b"I0000 00:00:1796048119.3 28337 port.cc:153] oneDNN\\n")
    os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\\n")
    os.write(2, b"A warning of the user's own\\n")
    if "fail" in os.environ:
        raise ImportError("no TensorFlow")
os.write(2, b"after\\n")
"""


def test_what_is_not_tensorflows_log_is_given_out_after_the_import_and_all_of_it_if_that_fails():
    assert python(WITHOUT_LOG).stderr == "A warning of the user's own\nafter\n"
    failed = python(WITHOUT_LOG, env={**os.environ, "fail": "1", startup.LOG_LEVEL: "3"})
    first, second, third, *_, last = failed.stderr.splitlines()
    assert "port.cc" in first and "absl" in second and third == "A warning of the user's own"
    assert last == "ImportError: no TensorFlow"


def test_a_user_who_sets_the_level_of_the_log_gets_all_of_it(monkeypatch, capfd):
    monkeypatch.setenv(startup.LOG_LEVEL, "0")
    with startup.without_log():
        os.write(2, b"I0000 a line\n")
        assert capfd.readouterr().err == "I0000 a line\n"
    monkeypatch.setenv(startup.LOG_LEVEL, "3")
    with startup.without_log():
        os.write(2, b"I0000 a line\n")
    assert capfd.readouterr().err == ""


def test_the_command_line_is_told_from_other_programs(monkeypatch):
    for name, expected in (("/venv/bin/gan-keras", True), ("gan-keras.exe", True), ("gan-keras.py", False), ("pytest", False)):
        monkeypatch.setattr(sys, "argv", [name])
        assert startup.is_command() is expected, name
    monkeypatch.setattr(sys, "argv", ["-m"])
    for module, expected in (("gan_keras", True), ("pytest", False)):
        monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "-m", module, "presets"])
        assert startup.is_command() is expected, module


@pytest.mark.slow
def test_standard_error_of_a_whole_workflow_holds_our_lines_alone(tmp_path):
    run, model = tmp_path / "run", tmp_path / "saved_models" / "wine"
    commands = [
        ["train", "table", "--data", "wine", "--preset", "tiny", "--out", run],
        ["evaluate", run, "--num", 60],
        ["report", run],
        ["export", run, "--to", model],
        ["generate", run, "-n", 3],
        ["generate", model, "-n", 3],
    ]
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "gan_keras", *map(str, command)], capture_output=True, text=True, env=dict(os.environ)
        )
        assert done.returncode == 0, done.stderr
        ours = ("Written: ", "Next:", "  ", "Warning: ", "still running after ")  # commands to go on with are indented
        foreign = [line for line in done.stderr.splitlines() if not line.startswith(ours)]
        assert not foreign, (command, foreign)


@pytest.mark.slow
def test_a_server_and_its_workers_write_nothing_to_standard_error():
    command = [sys.executable, "-m", "gan_keras", "serve", str(ROOT / "saved_models"), "--port", "0", "--grpc-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        while not server.stdout.readline().startswith("REST"):
            assert server.poll() is None
        server.terminate()
        _, errors = server.communicate(timeout=60)
    assert not errors
