"""Checks `saved_models/README.md`: its links, its table of signatures, and a server's answers to its commands."""

import json
import pathlib
import re
import shlex
import urllib.error
import urllib.request

import pytest
import yaml

ROOT = pathlib.Path(__file__).parent.parent / "saved_models"
GUIDE = (ROOT / "README.md").read_text(encoding="utf-8")
METRIC = re.compile(r":tensorflow(?::\w+)+")


def blocks(language):
    """The contents of the code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE)[1]


def first_column(table):
    """The names in backticks that begin the rows of a table."""
    return [name for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", GUIDE)
    headings = {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", GUIDE, re.MULTILINE)
    }
    assert len(links) > 5
    for link in links:
        if link.startswith("#"):
            assert link[1:] in headings, link
        elif not link.startswith("https://"):
            assert (ROOT / link).exists(), link


def test_the_table_names_the_signatures_of_the_models_that_are_here():
    named = set(first_column(section("Signatures")))
    for name in ("docstrings", "digits"):
        card = json.loads((ROOT / name / "1" / "assets.extra" / "model_card.json").read_text(encoding="utf-8"))
        assert set(card["signatures"]) <= named
        documented = re.search(rf"`{name}` has ((?:`\w+`(?:, | and )?)+)", " ".join(section("Signatures").split()))[1]
        assert set(re.findall(r"`(\w+)`", documented)) == set(card["signatures"])


def test_alerts_use_metrics_that_the_guide_explains():
    explained = set(METRIC.findall("\n".join(row for row in GUIDE.splitlines() if row.startswith("| `:tensorflow"))))
    rules = [rule for block in blocks("yaml") for group in yaml.safe_load(block)["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 3
    asked = {name.removesuffix("_bucket") for rule in rules for name in METRIC.findall(rule["expr"])}
    assert asked and asked <= explained


def test_an_alert_fires_when_most_requests_fail_and_none_when_few_clients_err():
    """The shares of the rules that count requests by status, worked out for some minutes of traffic."""
    rules = [rule for block in blocks("yaml") for group in yaml.safe_load(block)["groups"] for rule in group["rules"]]
    shares = {}
    for rule in rules:
        if found := re.search(
            r'request_count\{status(=|!~)"([^"]*)"\}\[5m\]\)\) / .* > ([0-9.]+)', " ".join(rule["expr"].split())
        ):
            shares[rule["alert"]] = found[1] == "=", found[2], float(found[3])
    assert set(shares) == {"RequestsFail", "ModelIsBroken"}

    def firing(**counts):
        total, fired = sum(counts.values()), set()
        for alert, (is_equal, pattern, limit) in shares.items():
            counted = sum(num for status, num in counts.items() if bool(re.fullmatch(pattern, status)) == is_equal)
            fired |= {alert} if counted / total > limit else set()
        return fired

    assert firing(OK=1, FAILED_PRECONDITION=99) == {"ModelIsBroken"}
    assert firing(OK=95, UNAVAILABLE=5) == {"RequestsFail"}
    assert firing(OK=70, FAILED_PRECONDITION=10, INVALID_ARGUMENT=10, NOT_FOUND=10) == set()


@pytest.fixture(scope="module")
def server():
    """A server of the models that are here, at free ports."""
    pytest.importorskip("grpc")
    pytest.importorskip("tensorflow_serving")
    from gan_keras.serving.server import Server

    with Server(folder=str(ROOT), port=0, grpc_port=0, workers=1) as server:
        yield server


def commands():
    """Pairs of a `curl` command and the answer that the guide shows."""
    pieces = [piece for block in blocks("console") for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", piece, re.DOTALL).groups() for piece in pieces]


def ask(server, command):
    """The answer to a `curl` command, sent to the port of a server."""
    words = [word for word in shlex.split(command.replace("\\\n", " ")) if word != "-s"]
    assert words[0] == "curl" and (words[1] == "-d" or len(words) == 2)
    data = words[2].encode() if words[1] == "-d" else None
    try:
        with urllib.request.urlopen(words[-1].replace(":8501", f":{server.port}"), data, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_the_commands_of_the_guide_give_the_answers_that_it_shows(server):
    assert len(commands()) > 3
    for command, shown in commands():
        answer = ask(server, command)
        if "..." in shown:  # one long value is cut
            begin, end = (part.strip() for part in shown.split("..."))
            assert answer.strip().startswith(begin) and answer.strip().endswith(end)
        else:
            assert answer.strip() == shown.strip(), command
