"""The READMEs: snippets run as pasted and print what is shown, links and pictures exist; the first page stays short."""

import pathlib
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT + GUIDE, re.M | re.S)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [code for language, code in BLOCKS if language == "sh"]
MAX_WORDS, MAX_SENTENCE = 900, 20


def prose():
    """The sentences outside of code, tables, headings and pictures."""
    lines = [
        line for line in re.sub(r"^```.*?^```", "", TEXT, flags=re.M | re.S).splitlines() if not line.startswith(("|", "#", "!"))
    ]
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines))
    plain = [re.sub(r"\]\([^)]*\)", "", " ".join(paragraph.split())) for paragraph in paragraphs]
    return [sentence for paragraph in plain for sentence in re.split(r"(?<=[.:;!?])\s", paragraph) if sentence]


def test_the_readme_is_short():
    assert len(TEXT.split()) <= MAX_WORDS
    sentences = prose()
    assert sum(len(sentence.split()) for sentence in sentences) / len(sentences) <= MAX_SENTENCE


def test_links_and_pictures_exist():
    for folder, text in ((ROOT, TEXT), (ROOT / "notebooks", GUIDE)):
        targets = [each for each in re.findall(r"\]\(([^)]+)\)", text) if not each.startswith("http")]
        assert len(targets) > 9
        assert not [each for each in targets if not (folder / each).exists()]


def test_extras_and_make_targets_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.findall(r'pip install "\.\[(\w+)\]"', TEXT) + re.findall(r"^\| extras \| (.*) \|$", TEXT, re.M)[0].replace(
        "`", ""
    ).split(", ")
    assert len(named) >= 7 and set(named) <= set(extras)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([\w-]+)`", TEXT)) <= targets


@pytest.fixture
def checkout(tmp_path):
    """A folder with the models that come with the package, in which snippets may write."""
    (tmp_path / "saved_models").mkdir()
    for name in ("digits", "docstrings"):
        (tmp_path / "saved_models" / name).symlink_to(ROOT / "saved_models" / name)
    return tmp_path


def shown_after(code):
    """The output that the README shows after a block, a list of lines."""
    index = next(index for index, (_, text) in enumerate(BLOCKS) if text == code)
    language, text = (*BLOCKS, ("", ""))[index + 1]
    return text.splitlines() if language == "text" else []


def output_of(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout.splitlines()


def command_of(line):
    program, *arguments = shlex.split(line)
    assert program == "gan-keras"
    return [sys.executable, "-m", "gan_keras", *arguments]


def without_numbers(lines):
    """Lines in which a number, which may differ between processors in its last digits, is only known to be one."""
    return [re.sub(r"\d+(\.\d+)?", "#", line) for line in lines]


@pytest.mark.slow
def test_the_first_commands_run_as_pasted_and_print_what_is_shown(checkout):
    lines = [line for command in SHELL[0].splitlines() for line in output_of(command_of(command), checkout)]
    assert lines == shown_after(SHELL[0])
    assert (checkout / "digits.png").stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_a_program_runs_as_pasted_and_prints_what_is_shown(checkout, number):
    lines = output_of([sys.executable, "-c", PYTHON[number]], checkout)
    expected = shown_after(PYTHON[number])
    assert not expected or without_numbers(lines) == without_numbers(expected)


@pytest.mark.slow
def test_the_command_line_runs_as_pasted(checkout):
    *commands, serve = SHELL[1].splitlines()
    assert len(commands) == 9 and serve.startswith("gan-keras serve ")
    for command in commands:
        output_of(command_of(command), checkout)
    written = ("digits.png", "digits/evaluation.json", "digits/report.html", "more_digits.npz")
    assert all((checkout / "runs" / name).stat().st_size > 1000 for name in written)
    # Fixed ports may be taken on the machine that runs the tests.
    with subprocess.Popen(
        [*command_of(serve), "--port", "0", "--grpc-port", "0"], cwd=checkout, stdout=subprocess.PIPE, text=True
    ) as server:
        lines = []
        while not lines or not lines[-1].startswith("REST"):
            lines.append(server.stdout.readline())
            assert lines[-1], lines
        server.terminate()
    assert "my_digits version 1: AVAILABLE\n" in lines
