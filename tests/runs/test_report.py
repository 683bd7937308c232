"""The report is one self-contained page that names missing parts."""

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest
from scipy.io import wavfile

from gan_keras.callbacks.samples_of_kinds import SOUNDS_PER_ROW, pause_of
from gan_keras.media.plots import PANELS, SHOWN_NAMES, read_history, training_pictures
from gan_keras.modalities.audio import evaluation as audio_evaluation
from gan_keras.modalities.image import evaluation as image_evaluation
from gan_keras.modalities.text.comparison import frontier_picture
from gan_keras.modalities.translation import evaluation as translation_evaluation
from gan_keras.modalities.video import evaluation as video_evaluation
from gan_keras.runs.audit import COLUMNS, exceeding, rows_of
from gan_keras.runs.report import write_report

COLUMNS_OF = {
    "image": image_evaluation.COLUMNS,
    "audio": audio_evaluation.COLUMNS,
    "video": video_evaluation.COLUMNS,
    "translation": translation_evaluation.COLUMNS,
}
HISTORY = """epoch,stage,nll,val_nll,d_loss,g_loss,d_real,d_fake
0,pretraining,6.0,5.5,0,0,0,0
1,pretraining,4.5,4.25,0,0,0,0
2,discriminator,0,4.25,1.3,0,0.4,-0.4
3,adversarial,4.0,,1.2,0.7,0.5,-0.3
"""


def sampler(title, shift, temperatures=(1.0, 0.5), copies=0.01):
    points = [
        {
            "temperature": temperature,
            "num": 1234,
            "bleu": {str(n): 0.9 - 0.1 * n + shift for n in (2, 3, 4, 5)},
            "self_bleu": {str(n): 1.0 - 0.1 * n - 0.1 * (temperature or 1.0) for n in (2, 3, 4, 5)},
            "unique": 0.987,
            "copies": copies,
            "lm_score": 3.21,
            "reverse_lm_score": 4.32,
        }
        for temperature in temperatures
    ]
    sentences = [f"{title} writes <b>{index}</b> & more" for index in range(20)]
    return {"title": title, "points": points, "sentences": sentences, "protocols": {"bleu": {"metric": "bleu, all"}}}


EVALUATION = {
    "samplers": {"gan": sampler("GAN, one draw", 0.03), "baseline": sampler("supervised baseline", 0.0)},
    "real": sampler("real training lines", 0.05, (None,), None),
    "negative_log_likelihood": {"gan": 3.5, "baseline": 3.25, "ngram": 4.125, "unit": "nats a token"},
    "gains": [{"method": "bootstrap over sentences"}],
    "verdict": ["GAN, one draw: does NOT win over <it>.", "detail one"],
}


def interval(mean):
    return {"mean": mean, "low": mean / 2, "high": 2 * mean}


AUDIT = {
    "control": "held-out lines",
    "numbers": {"members": 2000},
    "seed": 0,
    "verdict": ["An attacker learns <more> than by chance."],
    "sentences": ["One line & another."],
    "attacks": {
        "logit": {"title": "logit <D>", "auc": interval(0.61), "tpr": {"0.01": interval(0.07), "0.001": interval(0.002)}}
    },
    "extraction": {"sentence": "Of 1,000 generated lines, 3 contain a line."},
    "canaries": {
        "lines": ["Exposure: 1x 2.2."],
        "counts": [1, 2],
        "chance_bits": 1.44,
        "scores": {"generator": {"title": "likelihood", "median_bits": {"1": 2.25, "2": 12.5}}},
    },
}


@pytest.fixture
def run(tmp_path):
    run = tmp_path / "a run"
    (run / "samples").mkdir(parents=True)
    config = {"seed": 0, "preset": {"name": "default", "units": 512}, "data": "<script>alert(1)</script>"}
    (run / "config.json").write_text(json.dumps(config))
    (run / "history.csv").write_text(HISTORY)
    for epoch in (1, 2, 10):
        (run / "samples" / f"epoch_{epoch:03}.txt").write_text(f"line <i>{epoch}</i>\n山川函谷路\n", encoding="utf-8")
    (run / "evaluation.json").write_text(json.dumps(EVALUATION))
    return run


class Elements(HTMLParser):
    """All start tags with their attributes, and tags that are still open."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_no_other_resource(run):
    page = write_report(run).read_text(encoding="utf-8")
    elements = Elements(page)
    assert elements.open == []
    assert {tag for tag, _ in elements.found}.isdisjoint({"script", "link", "iframe", "b", "i"})
    sources = [value for _, attributes in elements.found for name, value in attributes.items() if name in ("src", "href")]
    assert sources and all(source.startswith("data:image/png;base64,") for source in sources)
    assert "http" not in re.sub(r'src="[^"]*"', "", page) and "url(" not in page


def test_every_picture_is_a_png_with_its_numbers_in_the_text_alternative(run):
    page = write_report(run).read_text(encoding="utf-8")
    images = [attributes for tag, attributes in Elements(page).found if tag == "img"]
    for image in images:
        pixels = matplotlib.image.imread(io.BytesIO(base64.b64decode(image["src"].partition(",")[2])))
        assert min(pixels.shape[:2]) > 300 and pixels[..., :3].std() > 0.01
    words = [image["alt"] for image in images]
    assert "GAN, one draw: (0.40, 0.43) to (0.45, 0.43)" in words[0]
    assert words[1] == "Language model: training lines from 6 to 4 in 3 epochs; held-out lines from 5.5 to 4.25 in 3 epochs."
    assert "generator from 0.7 to 0.7 in 1 epoch" in words[2]
    assert len(words) == 4


def test_text_of_users_and_models_is_escaped(run):
    page = write_report(run).read_text(encoding="utf-8")
    assert "supervised baseline writes &lt;b&gt;19&lt;/b&gt; &amp; more" in page
    assert "line &lt;i&gt;10&lt;/i&gt;" in page and "山川函谷路" in page
    assert "&lt;script&gt;alert(1)" in page and "does NOT win over &lt;it&gt;." in page


INJECTED = '<img src=x onerror="alert(1)"><script>alert(1)</script>\'"'


def hostile(value):
    """A result or a config with HTML at the end of each of its texts."""
    if isinstance(value, dict):
        return {name: hostile(each) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    return value + INJECTED if isinstance(value, str) else value


def write_table(path):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([[INJECTED, "b"], ["1", INJECTED]])


def write_sound(path):
    rate = 8000
    wavfile.write(path, rate, np.zeros(SOUNDS_PER_ROW * (16 + pause_of(rate)), np.int16))


def write_picture(path):
    matplotlib.image.imsave(path, np.zeros((4, 4, 3)))


SAMPLES = {"text": ("txt", lambda path: path.write_text(INJECTED)), "table": ("csv", write_table), "audio": ("wav", write_sound)}
SAMPLES |= {kind: ("png", write_picture) for kind in ("image", "series", "translation")} | {"video": ("gif", write_picture)}
SCORED = {"text": EVALUATION} | {
    kind: {
        "samplers": {name: {"title": name, "values": dict.fromkeys(COLUMNS_OF[kind], 0.5)} for name in ("gan", "baseline")},
        "real": {"title": "real", "values": dict.fromkeys(COLUMNS_OF[kind], 0.5)},
        "verdict": ["wins", "loses"],
        "protocol": {"metric": "frechet"},
        "settings": {"num": 4, "seed": 0},
    }
    for kind in ("image", "audio", "video", "translation")
}
EXPLAINED = {"verdict": "kept", "sentences": ["one"], "lines": ["two"], "left_out": {"units": "no layer"}, "shown": []}


@pytest.mark.parametrize("kind", SAMPLES)
def test_nothing_of_a_run_from_elsewhere_becomes_html(kind, tmp_path):
    """Names of the run, of files, labels, columns and settings, samples, results, events, and a page of an explanation."""
    run = tmp_path / ("a" + INJECTED.replace("/", ""))
    (run / "samples").mkdir(parents=True)
    (run / "explanation").mkdir()
    ending, write = SAMPLES[kind]
    write(run / "samples" / f"epoch_001.{ending}")
    (run / "samples" / f"epoch_001{INJECTED.replace('/', '')}.{ending}").write_bytes(b"")
    data = {"name": INJECTED, "length": 16, INJECTED: INJECTED, "training_" + INJECTED: 5}
    config = {"modality": kind, "preset": {"description": INJECTED}, "labels": [INJECTED], "data": data, "command": INJECTED}
    machine = {"platform": INJECTED, "processors": 2, "devices": [INJECTED]}
    (run / "config.json").write_text(json.dumps(config | {"started": INJECTED, "machine": machine}))
    (run / "history.csv").write_text(HISTORY)
    (run / "events.csv").write_text(
        "epoch,batch,kind,seen,done\n" + ",".join(["2", "7", *['"' + INJECTED.replace('"', "") + '"'] * 3])
    )
    if kind in SCORED:
        (run / "evaluation.json").write_text(json.dumps(hostile(SCORED[kind])))
    (run / "privacy.json").write_text(json.dumps(hostile(AUDIT)))
    (run / "explanation" / "page.html").write_text(f"<p>moved</p>{INJECTED}")
    page = {"file": "page.html", "title": INJECTED, "text": INJECTED}
    (run / "explanation" / "effects.json").write_text(json.dumps({**hostile(EXPLAINED), "shown": [page]}))
    elements = Elements(write_report(run).read_text(encoding="utf-8"))
    assert elements.open == [] and "script" not in [tag for tag, _ in elements.found]
    assert [(tag, found) for tag, found in elements.found if any(name.startswith("on") for name in found)] == []
    assert all(found["src"].startswith("data:") for tag, found in elements.found if tag in ("img", "audio"))
    [frame] = [found for tag, found in elements.found if tag == "iframe"]
    assert frame["sandbox"] == "" and frame["srcdoc"].startswith("<p>moved</p><img")  # it shows, and runs nothing


def test_the_page_opens_with_a_card_then_verdict_samples_scores_curves_events_and_settings(run):
    page = write_report(run).read_text(encoding="utf-8")
    titles = re.findall("<h2>(.*?)</h2>", page)
    scores = ["Likelihood of held-out lines", "Sentences side by side", "Quality against diversity", "Scores"]
    assert titles == [
        "Verdict",
        "Samples",
        *scores,
        "What it learned",
        "What it gives away",
        "Training",
        "What happened",
        "Settings",
    ]
    assert page.index('class="card"') < page.index("<h2>Verdict")


def test_the_card_says_what_was_trained_on_what_how_long_and_how(run):
    data = {"name": "digits", "training_images": 1618, "held_out_images": 179, "image_shape": [16, 16, 1]}
    machine = {"platform": "Linux", "processors": 2, "devices": ["CPU:0"]}
    config = {"modality": "image", "data": data, "asked": {"preset": "small"}, "preset": {"description": "a recipe"}}
    config |= {"command": "gan-keras train image", "machine": machine, "started": "2026", "labels": None, "seed": 0}
    (run / "evaluation.json").unlink()
    (run / "config.json").write_text(json.dumps(config))
    rows = [f"{epoch},{stage},60.4,250" for epoch, stage in enumerate(["first", "first", "second"])]
    (run / "history.csv").write_text("\n".join(["epoch,stage,seconds,steps", *rows]) + "\n")
    card = re.search('<div class="card">(.*?)</table>', write_report(run).read_text(encoding="utf-8"))[1]
    assert re.findall("<code>(.*?)</code>", card) == [
        "image",
        "digits: 1,618 training images, 179 held-out images",
        "small",
        "a recipe",
        "3 epochs (2 first, 1 second), 750 updates, 3.0 minutes",
        "2026",
        "Linux, 2 processors, CPU:0",
        "gan-keras train image",
    ]


def test_the_table_shows_the_scores_of_every_point(run):
    page = write_report(run).read_text(encoding="utf-8")
    scores = (0.73, 0.63, 0.53, 0.43, 0.75, 0.65, 0.55, 0.45, 0.987, 0.01)
    row = ["0.50", *(f"{score:.3f}" for score in scores), "3.21", "4.32"]
    assert "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" in page
    assert "GAN, one draw, 1,234 sentences per row" in page
    shown = {"generator": "3.500", "supervised baseline": "3.250", "Kneser-Ney 5-gram": "4.125"}
    assert all(f"<li>{name}: {nats} per token</li>" in page for name, nats in shown.items())
    assert '<th scope="row">preset.units</th><td><code>512</code></td>' in page
    assert '<th scope="row">bleu.metric</th><td><code>bleu, all</code></td>' in page


def test_without_an_evaluation_the_page_shows_the_command_that_makes_it(run):
    (run / "evaluation.json").unlink()
    page = write_report(run).read_text(encoding="utf-8")
    assert f"<code>gan-keras evaluate {run}</code>" in page and f"<code>gan-keras explain {run}</code>" in page
    assert f"<code>gan-keras audit {run}</code>" in page
    assert "Quality against diversity" not in page
    assert page.count("<img") == 3


def test_what_a_gan_gives_away_has_a_verdict_a_table_pictures_and_sentences(run):
    (run / "privacy.json").write_text(json.dumps(AUDIT))
    page = write_report(run).read_text(encoding="utf-8")
    assert Elements(page).open == []
    part = page.partition("<h2>What it gives away</h2>")[2].partition("</section>")[0]
    assert "<strong>An attacker learns &lt;more&gt; than by chance.</strong>" in part
    cells = ["logit &lt;D&gt;", "0.610 [0.305, 1.220]", "7.0% [3.5%, 14.0%]", "0.2% [0.1%, 0.4%]"]
    assert "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" in part
    for line in ("One line &amp; another.", "Of 1,000 generated lines, 3 contain a line.", "Exposure: 1x 2.2."):
        assert f"<li>{line}</li>" in part
    words = [attributes["alt"] for tag, attributes in Elements(part).found if tag == "img"]
    assert words == [
        "Training samples found, against false alarms. logit <D>: 0.20% at 0.1%, 7.00% at 1.0%.",
        "Exposure of planted secrets. likelihood: 2.2 bits 1x, 12.5 bits 2x.",
    ]
    assert '<th scope="row">audit.verdict</th><td><code>An attacker learns &lt;more&gt; than by chance.</code></td>' in page


def test_an_attack_is_told_only_if_it_finds_more_than_the_limit():
    assert exceeding(AUDIT, 0.07) == []
    assert exceeding(AUDIT, 0.05) == ["logit <D> finds 7.0% of the training samples at 1 % false alarms, more than 5.0%."]


def test_what_could_not_be_measured_does_not_pass_a_limit():
    few = {
        "title": "few",
        "auc": interval(0.5),
        "tpr": {name: dict.fromkeys(("mean", "low", "high")) for name in ("0.01", "0.001")},
    }
    assert "too few samples" in exceeding({"attacks": {"few": few}}, 1.0)[0]
    assert rows_of({"attacks": {}, "control_attack": few}) == [
        dict(zip(COLUMNS, ("control: few", "0.500 [0.250, 1.000]", "too few", "too few"), strict=True))
    ]
    assert exceeding({"attacks": {}}, 1.0) == ["No attack counts: training samples differ from the others by themselves."]


def test_a_run_without_a_finished_epoch_has_a_page(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert "No epoch has finished yet" in page and "No samples have been written" in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "report.html"]


def test_a_missing_or_damaged_run_is_an_error_that_keeps_the_old_page(run, tmp_path):
    with pytest.raises(FileNotFoundError, match="no config.json"):
        write_report(tmp_path)
    before = write_report(run).read_text(encoding="utf-8")
    for name, text, message in (
        ("evaluation.json", "{}", "evaluation.json lacks 'verdict'"),
        ("evaluation.json", "{", "evaluation.json is damaged"),
        ("privacy.json", "{}", "privacy.json lacks .* run `gan-keras audit` again"),
        ("config.json", "[]", "holds a list"),
    ):
        whole = (run / name).read_text() if (run / name).exists() else None
        (run / name).write_text(text)
        with pytest.raises(ValueError, match=message):
            write_report(run)
        (run / name).unlink() if whole is None else (run / name).write_text(whole)
    assert (run / "report.html").read_text(encoding="utf-8") == before


def test_the_history_is_nan_where_nothing_was_measured(run):
    history = read_history(run / "history.csv")
    assert history["stage"] == ["pretraining", "pretraining", "discriminator", "adversarial"]
    np.testing.assert_array_equal(history["nll"], [6.0, 4.5, np.nan, 4.0])
    np.testing.assert_array_equal(history["val_nll"], [5.5, 4.25, 4.25, np.nan])
    np.testing.assert_array_equal(history["g_loss"], [np.nan, np.nan, np.nan, 0.7])


def test_a_damaged_history_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "history.csv"
    for rows, message in ((["a"], "Expected `epoch`"), (["epoch", "nll"], "column nll: could not convert")):
        with open(path, "w", newline="") as file:
            csv.writer(file).writerows([rows, ["0", "broken"][: len(rows)]])
        with pytest.raises(ValueError, match=f"history.csv.*{message}"):
            read_history(path)


def test_panels_without_values_are_omitted():
    history = {"epoch": np.array([0.0, 1.0]), "nll": np.array([2.0, 1.0]), "val_gain": np.array([np.nan, np.nan])}
    assert [picture.title for picture in training_pictures(history)] == ["Language model"]


def test_a_score_of_training_has_another_name_than_that_of_an_evaluation():
    assert set(SHOWN_NAMES) == {name for _, names, _ in PANELS for name in names}
    for kind in (image_evaluation, audio_evaluation, video_evaluation, translation_evaluation):
        titles = [title for name, title in kind.COLUMNS.items() if name.startswith("frechet")]
        assert titles and all("Frechet distance to test" in title for title in titles)
    assert SHOWN_NAMES["val_frechet"] == "Frechet distance to training samples"


def test_many_stages_and_one_epoch_can_be_drawn():
    names = [f"stage number {index} of many" for index in range(9)]
    for stages in (names, names[:1]):
        history = {"epoch": np.arange(len(stages)) + 1.0, "stage": stages, "d_loss": np.arange(len(stages)) + 1.0}
        (picture,) = training_pictures(history)
        assert picture.title == "Losses" and picture.data.startswith(b"\x89PNG")


def test_the_frontier_can_be_drawn_for_every_order():
    picture = frontier_picture(EVALUATION, order=2)
    assert picture.title == "BLEU-2 against Self-BLEU-2" and "(0.70, 0.73) to (0.75, 0.73)" in picture.alternative


def test_the_page_lists_events_or_says_that_there_are_none(run):
    assert "Nothing unusual: no rollback" in write_report(run).read_text()
    (run / "events.csv").write_text("epoch,batch,kind,seen,done\n2,7,not finite,d_norm is <nan>,went back\n")
    page = write_report(run).read_text()
    assert "<td>d_norm is &lt;nan&gt;</td><td>went back</td>" in page and "Nothing unusual: no rollback" not in page
    assert "What the curves show" in page
