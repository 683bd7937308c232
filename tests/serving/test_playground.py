"""The page in a real browser with a fake server: what a user sees, does and downloads."""

import base64
import json
import pathlib
import re
import shutil
import time

import fake_models
import numpy as np
import pytest
import tensorflow as tf
from fake_models import FakeModels, Refusal, serving_http
from playground_models import HOSTILE, MODELS, make_core, wav

from gan_keras import noise
from gan_keras.serving import Client
from gan_keras.serving.playground.pages import page
from gan_keras.serving.server import Server

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--no-first-run", "--disable-component-update", "--disable-sync"),
)
EXPECT_MS = 20_000
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    return make_core(tmp_path_factory.mktemp("models"))


class Handler(fake_models.RestHandler):
    """The page and the REST API, as in the server."""

    def do_GET(self):
        found = page(self.server.core, self.path)
        if found is None:
            return super().do_GET()
        return self.reply(200, {"Content-Type": found.content_type, **found.headers}, found.body)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("There is no Chromium on this machine.")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(core):
    with serving_http(Handler, core=core, models=None) as server:
        yield server


@pytest.fixture
def models(server, core):
    server.models = FakeModels()
    server.models.models = core.models = dict(MODELS)
    return server.models


@pytest.fixture
def opened(browser, server, models):
    """Opens the page at a model. At the end nothing may have failed, been blocked, or been requested from another server."""
    shared = browser.contexts[0] if browser.contexts else browser.new_context()
    views, faults = [], []

    def report(message):
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            faults.append(message.text)

    def watch(request):
        if not request.url.startswith((server.url, "blob:", "data:")):
            faults.append(f"asked {request.url}")

    def open_at(model, **settings):
        view = browser.new_page(**settings) if settings else shared.new_page()
        views.append(view)
        view.set_default_timeout(EXPECT_MS)
        view.on("console", report)
        view.on("pageerror", lambda error: faults.append(str(error)))
        view.on("request", watch)
        view.goto(f"{server.url}/#/{model}")
        view.locator("nav a[aria-current]").wait_for()
        settle(view)
        server.models.calls.clear()  # those of what is generated at first
        return view

    yield open_at
    for view in views:
        view.close()
    assert not faults


def settle(view):
    """Waits until nothing is under way."""
    view.locator(".result[aria-busy]").wait_for(state="detached")


def press(view, name):
    view.get_by_role("button", name=name, exact=True).click()


def generated(view, verb):
    """Presses the button of a model and waits for its result."""
    press(view, verb)
    panel = view.get_by_role("region", name="Generate")
    panel.get_by_role("status").filter(has_text=re.compile(r" in [\d.]+ s")).wait_for()
    return panel


def lines(panel):
    return panel.locator("ol li").all_inner_texts()


def gray(canvas):
    """The level of the pixel in the middle."""
    return canvas.evaluate("c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]")


def downloaded(view, title):
    with view.expect_download() as download:
        press(view, f"Download {title}")
    return download.value.suggested_filename, pathlib.Path(download.value.path()).read_bytes()


def test_models_are_listed_and_the_address_chooses_one(opened):
    view = opened("digits")
    assert view.locator("nav a").evaluate_all("all => all.map(a => a.firstChild.data)") == sorted([*MODELS, "broken"])
    assert view.locator("h2").last.inner_text() == "digits"
    view.get_by_role("link", name="text text").click()
    view.get_by_text("text · version 3 · TextGAN · 12,345 parameters").wait_for()
    assert view.evaluate("document.activeElement.textContent") == "text"


def test_an_unavailable_model_shows_the_reason(opened):
    view = opened("broken")
    assert view.locator(".why").inner_text().startswith("Not available. Servable not found for request: Latest(broken)\n")
    assert view.get_by_role("link", name="broken not available").count() == 1


def test_a_model_is_shown_with_something_that_it_generated(opened):
    view = opened("text")
    assert lines(view)[0] == "0 t=1 p=1" and len(lines(view)) == 8
    view.get_by_role("link", name="wine table").click()
    view.get_by_text("10 rows in").wait_for()
    assert view.get_by_role("region", name="Rows").locator("tbody tr").count() == 10


def test_a_picture_is_translated_a_drawn_one_at_first(opened, models, tmp_path):
    view = opened("negatives")
    before, after = view.locator(".grid canvas").all()
    assert gray(before) + gray(after) == pytest.approx(255, abs=1)
    tf.io.write_file(str(tmp_path / "gray.png"), tf.io.encode_png(tf.fill([20, 30, 3], tf.constant(100, tf.uint8))))
    view.get_by_label("Picture (pick").set_input_files(tmp_path / "gray.png")
    settle(view)
    assert [gray(canvas) for canvas in view.locator(".grid canvas").all()] == [
        pytest.approx(100, abs=1),
        pytest.approx(155, abs=1),
    ]
    assert [call[2] for call in models.calls] == ["a_to_b"]
    (tmp_path / "no.png").write_text("no picture")
    view.get_by_label("Picture (pick").set_input_files(tmp_path / "no.png")
    view.get_by_role("alert").filter(has_text="no.png is no picture that this browser can read").wait_for()
    view.evaluate(DROP, png_of(tmp_path / "gray.png"))
    view.get_by_text("1 translation in").wait_for()


def png_of(path):
    return base64.b64encode(path.read_bytes()).decode()


DROP = """data => {
  const file = new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], "dropped.png", { type: "image/png" });
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(file);
  document.querySelector("#panels form").dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
}"""


def test_the_curl_command_is_copied_or_marked(opened):
    view = opened("text")
    view.get_by_text("The same with curl").click()
    press(view, "Copy")
    view.get_by_role("button", name=re.compile("Copied|Marked")).wait_for()
    assert "same seed gives the same sample" in view.locator("details .hint").inner_text()


def test_a_text_model_writes_from_a_prompt(opened, models):
    view = opened("text")
    view.get_by_label("Prompt").fill('Ünder "b64" ')
    view.get_by_label("Temperature").fill("0.5")
    view.get_by_label("Top-p").fill("0.9")
    view.get_by_label("Seed", exact=True).fill("41")
    view.get_by_label("How many lines").fill("2")
    assert lines(generated(view, "Write")) == ['Ünder "b64" 41 t=0.5 p=0.9', 'Ünder "b64" 42 t=0.5 p=0.9']
    press(view, "Next seeds")
    view.get_by_text("43 t=0.5").wait_for()
    assert models.calls == [("text", None, "generate", 2)] * 2


def test_words_that_a_model_does_not_know_are_pointed_out(opened):
    view = opened("text")
    view.get_by_label("Prompt").fill("<unk> ")
    assert "words of the prompt that the model does not know" in generated(view, "Write").get_by_role("status").inner_text()


def test_resampling_among_several_drafts_is_the_guided_signature(opened):
    view = opened("text")
    view.get_by_label("Drafts").select_option(label="Resampled among 16")
    view.get_by_label("How many lines").fill("1")
    assert lines(generated(view, "Write")) == ["best of 0"]


def test_images_are_a_grid_of_canvases(opened, models):
    view = opened("digits")
    view.get_by_label("How many images").fill("4")
    view.get_by_label("Shown size").fill("64")
    canvases = generated(view, "Draw").locator("canvas")
    assert [gray(canvas) for canvas in canvases.all()] == [0, 26, 51, 77]  # round(25.5 * seed)
    assert canvases.last.bounding_box()["width"] == 64
    assert canvases.last.get_attribute("aria-label") == "Image of seed 3"
    assert models.calls == [("digits", None, "serving_default", 4)]


def test_images_with_a_label_come_as_png_files(opened, models):
    view = opened("digits")
    view.get_by_label("How many images").fill("2")
    view.get_by_role("region", name="Generate").get_by_label("Label").fill("7")
    canvases = generated(view, "Draw").locator("canvas")
    assert [gray(canvas) for canvas in canvases.all()] == [178, 204]  # 25.5 * 7 and 25.5 * 8, cut
    assert models.calls == [("digits", None, "encoded", 2)]


def test_a_walk_leads_from_one_seeds_latents_to_the_others(opened):
    view = opened("text")
    press(view, "Walk")
    slider = view.get_by_label("Place between seed 1 and seed 2")
    stage = view.locator(".stage")
    ends = view.evaluate("[1, 2].map(seed => 'at ' + normalLatents(seed, 2).map(x => x.toFixed(3)).join(' '))")
    assert stage.inner_text() == ends[0]
    slider.press("End")
    assert stage.inner_text() == ends[1]
    assert slider.get_attribute("aria-valuetext") == ends[1]
    slider.press("ArrowLeft")
    assert stage.inner_text() not in ends


def test_latents_equal_the_models_and_interpolation_keeps_their_length(opened):
    view = opened("text")
    seeds = [0, 1, 2**31, 12345]
    drawn = view.evaluate("seeds => seeds.map(seed => normalLatents(seed, 500))", seeds)
    np.testing.assert_allclose(drawn, noise.normal(tf.constant(seeds, tf.int64), 500), atol=2e-6)
    way = np.array(view.evaluate("[0, 0.5, 1].map(part => between([3, 0], [0, 1], part))"))
    np.testing.assert_allclose(way, [[3, 0], [np.sqrt(2), np.sqrt(2)], [0, 1]], atol=1e-12)  # lengths 3, 2, 1
    assert view.evaluate("between([1, 2], [1, 2], 0.3)") == pytest.approx([1, 2])


def test_a_walk_through_images_plays_and_pauses(opened, models):
    view = opened("digits")
    press(view, "Walk")
    slider = view.get_by_label("Place between")
    press(view, "Play")
    deadline = time.monotonic() + 5
    while int(slider.input_value()) < 3:
        assert time.monotonic() < deadline
    press(view, "Pause")
    place = slider.input_value()
    view.wait_for_timeout(250)
    assert slider.input_value() == place
    assert view.locator(".stage canvas").count() == 1
    assert models.calls == [("digits", None, "latents", 25)]


def test_reduced_motion_plays_slowly_and_once(opened):
    view = opened("digits", reduced_motion="reduce")
    press(view, "Walk")
    slider = view.get_by_label("Place between")
    slider.fill("23")
    press(view, "Play")
    view.wait_for_timeout(150)
    assert slider.input_value() == "23"
    view.get_by_role("button", name="Play", exact=True).wait_for()
    assert slider.input_value() == "24"


def test_sounds_can_be_played(opened):
    view = opened("tones")
    panel = generated(view, "Make sounds")
    assert panel.locator("audio").count() == 3
    loaded = "audio => new Promise(done => { audio.onloadedmetadata = () => done(audio.duration); audio.load(); })"
    assert [audio.evaluate(loaded) for audio in panel.locator("audio").all()] == [0.1] * 3


def test_other_kinds_are_shown_too(opened):
    kinds = [("wine", "Make rows", "tbody tr", 10), ("waves", "Draw", "canvas", 4), ("clips", "Film", ".stage canvas", 2)]
    for model, verb, selector, num in kinds:
        assert generated(opened(model), verb).locator(selector).count() == num, model


def moved(view, strength):
    """Moves the slider of an edit, and waits for the new result."""
    with view.expect_response("**:predict"):
        view.get_by_label("Strength").fill(str(strength))
    panel = view.get_by_role("region", name="Generate")
    panel.get_by_role("status").filter(has_text=re.compile(r" in [\d.]+ s")).wait_for()
    return panel


def test_moving_along_a_direction_draws_the_same_seeds_again(opened, models):
    view = opened("masks")
    view.get_by_label("Seed", exact=True).fill("1")
    view.get_by_label("How many images").fill("2")
    canvases = generated(view, "Draw").locator("canvas")
    assert [gray(canvas) for canvas in canvases.all()] == [51, 102]  # seeds 1 and 2 with the labels in turn, 1 and 2
    canvases = moved(view, 1.5).locator("canvas")
    assert [gray(canvas) for canvas in canvases.all()] == [89, 140]  # 25.5 * 3.5 and 25.5 * 5.5
    assert canvases.last.get_attribute("aria-label") == "Image of seed 2 at strength 1.5"
    with view.expect_response("**:predict"):
        view.get_by_label("Direction", exact=True).select_option(label=HOSTILE)
    view.get_by_text(re.compile(r"2 images in")).wait_for()
    assert [gray(canvas) for canvas in canvases.all()] == [51, 102]
    assert json.loads(downloaded(view, "JSON")[1])["inputs"] == {
        "seed": [1, 2], "label": [1, 2], "direction": [1, 1], "strength": [1.5, 1.5],
    }  # fmt: skip
    with view.expect_response("**:predict"):
        press(view, "Reset strength")
    assert view.get_by_label("Strength").input_value() == "0"
    assert [call[2] for call in models.calls] == ["serving_default", "edit", "edit", "serving_default"]


def test_the_label_of_an_edit_can_be_chosen(opened, models):
    view = opened("masks")
    view.get_by_role("region", name="Generate").get_by_label("Label").fill("0")
    view.get_by_label("How many images").fill("2")
    assert [gray(canvas) for canvas in moved(view, 2).locator("canvas").all()] == [51, 77]
    assert models.calls == [("masks", None, "edit", 2)]


def test_edited_text_has_one_draft_and_keeps_its_choices(opened, models):
    view = opened("text")
    view.get_by_label("Drafts").select_option(label="Resampled among 16")
    view.get_by_label("Seed", exact=True).fill("4")
    view.get_by_label("How many lines").fill("1")
    assert lines(moved(view, -0.5)) == ["moved to 3.5"]
    assert view.get_by_label("Drafts").is_disabled()
    press(view, "Reset strength")
    view.get_by_text("best of 4").wait_for()
    assert view.get_by_label("Drafts").is_enabled()


def test_edited_sounds_can_be_played_and_downloaded(opened):
    view = opened("tones")
    view.get_by_label("Seed", exact=True).fill("1")
    panel = moved(view, 1)
    loaded = "audio => new Promise(done => { audio.onloadedmetadata = () => done(audio.duration); audio.load(); })"
    assert [audio.evaluate(loaded) for audio in panel.locator("audio").all()] == [0.1] * 3
    name, body = downloaded(view, "WAV 2")
    sound = tf.audio.decode_wav(body)
    assert name == "tones.2.wav" and sound.sample_rate == 8000
    np.testing.assert_allclose(sound.audio, np.full((800, 1), 0.3), atol=1e-4)  # 0.1 * (seed 2 + 1)


def test_wav_files_of_two_channels_are_interleaved(opened):
    body = opened("tones").evaluate("[...wavOf([[0, 1], [-0.5, -2]], 44100)]")
    sound = tf.audio.decode_wav(bytes(body))
    assert sound.sample_rate == 44100
    np.testing.assert_allclose(sound.audio, [[0, 1], [-0.5, -1]], atol=1e-4)


def test_other_kinds_are_edited_too_and_without_a_card_directions_are_numbers(opened, models):
    for model, selector, num in [("wine", "tbody tr", 10), ("waves", "canvas", 4), ("clips", ".stage canvas", 2)]:
        view = opened(model)
        assert moved(view, 3).locator(selector).count() == num, model
        assert models.calls[-1] == (model, None, "edit", num)
        assert view.get_by_label("Direction", exact=True).get_attribute("type") == "number"


def test_a_model_without_edit_has_no_such_control(opened):
    view = opened("digits")
    generated(view, "Draw")
    assert view.locator("fieldset").count() == view.get_by_label("Strength").count() == 0


def test_an_edit_by_keyboard_names_its_controls(opened):
    view = opened("masks")
    group = view.get_by_role("group", name="Move the images along a direction")
    assert group.get_by_role("combobox", name="Direction").locator("option").all_inner_texts() == ["width", HOSTILE]
    slider = group.get_by_role("slider", name="Strength, deviations")
    assert [slider.get_attribute(name) for name in ("min", "max", "step")] == ["-3", "3", "0.5"]
    slider.focus()
    with view.expect_response("**:predict"):
        view.keyboard.press("ArrowRight")
    assert slider.input_value() == "0.5"
    view.keyboard.press("Tab")
    with view.expect_response("**:predict"):
        view.keyboard.press("Enter")
    assert slider.input_value() == "0" and view.evaluate("document.activeElement.textContent") == "Reset strength"


def test_a_model_without_a_form_still_shows_its_signatures(opened):
    view = opened("zebras")
    view.get_by_text("This page has no form").wait_for()
    view.get_by_text("Signatures").click()
    assert view.get_by_text("image: float32 (any, 8, 8, 1)").count() == 2


def test_the_keyboard_alone_is_enough(opened):
    view = opened("digits")

    def tab_to(words):
        for _ in range(40):
            view.keyboard.press("Tab")
            focused = "document.activeElement"
            if words in view.evaluate(f"{focused}.labels?.[0]?.textContent ?? {focused}.textContent"):
                return view.evaluate(f"getComputedStyle({focused}).outlineStyle")
        raise AssertionError(f"Tab leads to no {words!r}.")

    assert tab_to("texttext") == "solid"  # the name and the kind
    view.keyboard.press("Enter")
    view.get_by_text("TextGAN").wait_for()
    assert tab_to("Prompt") == "solid"
    view.keyboard.type("I ")
    tab_to("Temperature")
    view.keyboard.press("ArrowRight")
    view.keyboard.press("Enter")
    view.locator("ol li").first.wait_for()
    assert lines(view)[0] == "I 0 t=1.05 p=1"
    tab_to("Download TXT")
    with view.expect_download():
        view.keyboard.press("Enter")


def test_an_error_shows_the_servers_message_until_the_next_answer(opened, models):
    view = opened("text")
    models.failures = [
        Refusal(fake_models.grpc.StatusCode.RESOURCE_EXHAUSTED, f"The queue is full. {HOSTILE}\n\t [[{{node Assert}}]]")
    ]
    press(view, "Write")
    alert = view.get_by_role("alert").filter(has_text="The queue")
    alert.wait_for()
    assert alert.inner_text() == f"The server says (429): The queue is full. {HOSTILE}"
    assert lines(generated(view, "Write"))
    assert alert.count() == 0


def test_a_lost_server_is_reported(opened):
    view = opened("text")
    view.route("**/v1/**", lambda route: route.abort())
    press(view, "Write")
    view.get_by_text("The server cannot be reached.").wait_for()


def test_the_newest_request_wins(opened, models):
    view = opened("text")
    models.delay = 0.4
    press(view, "Write")
    view.get_by_label("Seed", exact=True).fill("70")
    models.delay = 0.1
    generated(view, "Write")
    view.wait_for_timeout(500)
    assert lines(view)[0] == "70 t=1 p=1"


def test_markup_in_names_and_samples_stays_text(opened):
    view = opened("wine")
    view.get_by_role("link", name=HOSTILE).click()
    view.get_by_role("heading", name=HOSTILE).wait_for()
    assert lines(generated(view, "Write"))[0] == f"0 {HOSTILE}"
    assert view.locator("img").count() == 0
    assert view.title() == "gan_keras playground"


def test_the_list_can_be_reloaded(opened, models, core):
    view = opened("text")
    core.models["new"] = models.models["new"] = MODELS["text"]
    press(view, "Reload the list")
    view.get_by_role("link", name="new text").wait_for()


def test_text_is_downloaded_as_txt_and_json(opened):
    view = opened("text")
    view.get_by_label("How many lines").fill("2")
    generated(view, "Write")
    assert downloaded(view, "TXT") == ("text.txt", b"0 t=1 p=1\n1 t=1 p=1\n")
    name, body = downloaded(view, "JSON")
    assert name == "text.json"
    assert json.loads(body) == {
        "model": "text",
        "signature": "generate",
        "inputs": {"prompt": ["", ""], "seed": [0, 1], "temperature": [1, 1], "top_p": [1, 1]},
        "outputs": {"text": ["0 t=1 p=1", "1 t=1 p=1"]},
    }


def test_images_are_downloaded_as_one_png(opened):
    view = opened("digits")
    view.get_by_label("How many images").fill("4")
    generated(view, "Draw")
    name, body = downloaded(view, "PNG")
    sheet = tf.io.decode_png(body, channels=1).numpy()[..., 0]
    assert name == "digits.png"
    assert sheet.shape == (16, 16)
    assert sheet[::8, ::8].tolist() == [[0, 26], [51, 77]]  # round(25.5 * seed): the float32 0.3 is a little more


def test_sounds_are_downloaded_byte_by_byte(opened):
    view = opened("tones")
    generated(view, "Make sounds")
    assert downloaded(view, "WAV 2") == ("tones.2.wav", wav(np.arange(3))["wav_bytes"][1])


def test_rows_are_downloaded_as_csv_with_nan_left_empty(opened):
    view = opened("wine")
    view.get_by_label("How many rows").fill("2")
    generated(view, "Make rows")
    assert downloaded(view, "CSV") == ("wine.csv", b"alcohol,grape\n,Pinot\n,Pinot\n")


@pytest.mark.parametrize("model", ["text", "digits", "masks", "wine"])
def test_a_phone_needs_no_horizontal_scrolling(opened, model):
    view = opened(model, viewport={"width": 360, "height": 740})
    generated(view, {"text": "Write", "digits": "Draw", "masks": "Draw", "wine": "Make rows"}[model])
    view.get_by_text("Signatures").click()
    assert view.evaluate("document.documentElement.scrollWidth") == 360


def test_the_models_of_the_repository_write_and_draw_in_the_page_of_the_real_server(browser):
    folder = pathlib.Path(__file__).parents[2] / "saved_models"
    with Server(folder, port=0, grpc_port=0, workers=1) as server, Client(f"http://127.0.0.1:{server.port}") as client:
        view = browser.new_page()
        view.set_default_timeout(EXPECT_MS)
        view.goto(f"http://127.0.0.1:{server.port}/#/docstrings")
        written = lines(generated(view, "Write"))
        assert written == client.generate("docstrings", len(written), temperature=1.0) and len(written) > 3
        view.get_by_role("link", name="digits image").click()
        drawn = generated(view, "Draw").locator("canvas, img")
        drawn.first.wait_for()
        assert drawn.count() >= 9
        view.close()
