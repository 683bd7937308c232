# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From a trained GAN to a service
#
# A trained GAN is useful when others can ask it for samples without Keras, without this package and without your
# notebook. [TensorFlow Serving](https://www.tensorflow.org/tfx/guide/serving) does that: it watches a folder of
# *SavedModels*, loads what is new, and answers over HTTP (REST) and gRPC. Here you export a GAN, look at what an export
# is, serve it from your own machine by a server that speaks the same API, ask it from Python and with `curl`, replace
# the model under load without a single failed request, and read the server's metrics. The folder and the client code
# then move to TensorFlow Serving as they are.

# %%
import collections
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import gan_keras  # first, as it imports TensorFlow without its log

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from IPython.display import Markdown, display

from gan_keras.data import image_batches, load_images, split_images
from gan_keras.serving import Client, Server, ServingError

tf.get_logger().setLevel("ERROR")  # else each export tells where it put its assets
SMOKE = os.environ.get("GAN_KERAS_SMOKE") == "1"  # the tests run this notebook on tiny settings
STEPS, WIDTH, CLIENTS = (1, 4, 2) if SMOKE else (600, 16, 8)

plt.rcParams.update({"figure.dpi": 72, "axes.spines.top": False, "axes.spines.right": False})

# %% [markdown]
# ## 1. A GAN to serve
#
# Handwritten digits of 16 by 16 pixels, conditional on the digit, as in the notebook `03_image_gan`; a minute of
# training is enough here.

# %%
gan_keras.set_seed(0)
training, _ = split_images(load_images("digits"))
preset = gan_keras.presets.get("image", "tiny" if SMOKE else "default")
preset.width = WIDTH
gan = preset.build(training)
batches = image_batches(training, preset.batch_size)
gan.fit(batches.repeat(), steps_per_epoch=STEPS, epochs=1, shuffle=False, verbose=0)


# %%
def show(images, title):
    """Draws images `(n, height, width, 1)` in a row."""
    figure, axes = plt.subplots(1, len(images), figsize=(len(images), 1.4))
    for axis, image in zip(axes, images, strict=True):
        axis.imshow(image[..., 0], cmap="gray", vmin=0, vmax=1)
        axis.set_axis_off()
    figure.suptitle(title)
    plt.show()


show(gan.generate(10, seed=0, labels=range(10)), "gan.generate: one of each digit")

# %% [markdown]
# ## 2. The export
#
# `gan_keras.export` writes the next *version*, a directory named by a number. It is written next to its place, loaded by
# TensorFlow's C++ loader (the one that the server uses) in a process of its own, compared with what Keras computes, and
# only then renamed: a server never sees half a version.

# %%
folder = pathlib.Path(tempfile.mkdtemp(), "saved_models")
version = gan_keras.export(gan, folder / "digits")
for path in sorted(pathlib.Path(version).rglob("*")):
    if path.is_file():
        print(f"{path.stat().st_size:9,} bytes  {path.relative_to(folder)}")

# %% [markdown]
# `assets.extra/` travels with the model: requests that warm a server up before the first client asks, and a card that
# says what the model is. A *signature* is a function that can be called from outside, with named inputs and outputs.
# Every input and output has a batch dimension, so that a server can merge the requests of many clients. A seed is an
# input like others: the model holds no state, so the same seed gives the same digit, always and everywhere.

# %%
card = json.loads(pathlib.Path(version, "assets.extra", "model_card.json").read_text(encoding="utf-8"))
rows = ["| signature | inputs | outputs |", "|---|---|---|"]
for name, signature in card["signatures"].items():
    inputs = ", ".join(f"`{key}` {dtype} {tuple(shape)}" for key, (dtype, shape) in signature["inputs"].items())
    rows.append(f"| `{name}` | {inputs} | {', '.join(f'`{key}` {dtype}' for key, dtype in signature['outputs'].items())} |")
display(Markdown("\n".join(rows)))
print("Loaded by", card["export"]["loader"], "- largest difference from Keras:", card["export"]["largest_difference"])

# %% [markdown]
# ## 3. The server
#
# On the command line it is `gan-keras serve saved_models`, on ports 8501 (REST and a page to play with) and 8500
# (gRPC). Here it runs inside the notebook, on free ports. Models run in *worker* processes: if one dies, another
# answers.

# %%
server = Server(folder, port=0, grpc_port=0, poll_seconds=0.2)
address, grpc_address = f"http://127.0.0.1:{server.port}", f"grpc://127.0.0.1:{server.grpc_port}"
rest, grpc = Client(address, models=["digits"]), Client(grpc_address, models=["digits"])
print("Available:", rest.models())

# %% [markdown]
# The client asks with raw values and gets raw values. Both protocols give the bytes that the GAN itself gives, whether a
# sample is made alone or in a batch:

# %%
expected = gan.generate(10, seed=0, labels=range(10))
signature = tf.saved_model.load(version).signatures["generate"]
seeds, labels = tf.range(10, dtype=tf.int64), tf.range(10)
answers = {
    "the SavedModel in this process": signature(seed=seeds, label=labels)["image"].numpy(),
    "REST": rest.generate("digits", 10, seed=0, label=range(10)),
    "REST, one at a time": np.concatenate([rest.generate("digits", 1, seed=digit, label=digit) for digit in range(10)]),
    "gRPC": grpc.generate("digits", 10, seed=0, label=range(10)),
}
for name, images in answers.items():
    print(f"{name}: same bytes as gan.generate: {images.tobytes() == expected.tobytes()}")
show(answers["REST"], "over REST")

# %% [markdown]
# No client of ours is needed. Over REST a row of the batch is an object with one value for each input; the signature
# `encoded` gives PNG files, as base64:

# %%
body = {"signature_name": "encoded", "instances": [{"seed": 3, "label": 8}]}
command = ["curl", "--silent", "--data", json.dumps(body), f"{address}/v1/models/digits:predict"]
print("$", " ".join(command[:3]), f"'{command[3]}'", command[4])
if shutil.which("curl"):
    print(subprocess.run(command, capture_output=True, text=True, check=True).stdout[:300], "...")

# %% [markdown]
# A wrong request gets a reason and a code, and does no harm to others. The checks of ranges are part of the exported
# graph, so TensorFlow Serving refuses the same requests:

# %%
for signature_name, choices in (("generate", {"label": 99}), ("none", {})):
    try:
        rest.generate("digits", 1, signature=signature_name, **choices)
    except ServingError as error:
        print(f"{signature_name} {choices}: {error.code.name}: {error.message.splitlines()[0][:150]}\n")

# %% [markdown]
# ## 4. A new version under load
#
# Eight clients ask without a pause while the GAN trains on and is exported again. The server loads version 2, warms it
# up, lets it answer, and unloads version 1 when its last request is done.

# %%
answered, failed, stop = [], [], threading.Event()


def ask():
    with Client(address, models=["digits"]) as client:
        while not stop.is_set():
            started = time.monotonic()
            try:
                image = client.generate("digits", 1, seed=1)
                answered.append((started, time.monotonic(), image.tobytes()))
            except ServingError as error:
                failed.append(error)


clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
for client in clients:
    client.start()
gan.fit(batches.repeat(), steps_per_epoch=STEPS, epochs=1, shuffle=False, verbose=0)
gan_keras.export(gan, folder / "digits")
while rest.models() != {"digits": [2]}:
    time.sleep(0.2)
time.sleep(1)
stop.set()
for client in clients:
    client.join()
print(f"{len(answered)} requests answered, {len(failed)} failed.")
print(*rest.status("digits"), sep="\n")

# %% [markdown]
# Each answer comes from one version or the other. In the picture every dot is a request, and the colour its version:

# %%
by_version = {image: number for number, (image, _) in enumerate(collections.Counter(row[2] for row in answered).items(), 1)}
starts = np.array([row[0] for row in answered]) - answered[0][0]
times = 1000 * np.array([row[1] - row[0] for row in answered])
numbers = np.array([by_version[row[2]] for row in answered])
figure, axis = plt.subplots(figsize=(8, 3))
for number in sorted(set(numbers)):
    chosen = numbers == number
    axis.semilogy(starts[chosen], times[chosen], ".", markersize=2, label=f"version {number}")
axis.set(xlabel="seconds", ylabel="milliseconds until the answer", title="A hot swap")
axis.legend(markerscale=6)
plt.show()

# %% [markdown]
# ## 5. What the server counts
#
# Metrics are at TensorFlow Serving's path and under its names, in the text format of
# [Prometheus](https://prometheus.io). How large the batches became under load:

# %%
metrics = server.core.metrics_text()
counts, before = {}, 0
for line in metrics.splitlines():
    if line.startswith("# TYPE"):
        print(line)
    if line.startswith(":tensorflow:serving:batching_session:processed_batch_size_bucket"):
        limit, count = line.split('le="')[1].split('"} ')
        counts[limit], before = int(count) - before, int(count)
figure, axis = plt.subplots(figsize=(5, 2.5))
axis.bar(list(counts), list(counts.values()))
axis.set(xlabel="rows of a batch, at most", ylabel="batches", title="Requests that wait are merged")
plt.show()

# %% [markdown]
# ## 6. To production
#
# The same folder, served by TensorFlow Serving itself:
#
# ```
# docker run -p 8501:8501 -p 8500:8500 -v "$PWD/saved_models:/models" tensorflow/serving:2.20.0 \
#     --model_config_file=/models/models.config --enable_batching --batching_parameters_file=/models/batching.config
# ```
#
# `Client("http://...")` and every `curl` line stay as they are. `saved_models/README.md` is the guide: sizing, canary
# versions by label, rollback, monitoring, Kubernetes.

# %%
for client in (rest, grpc):
    client.close()
server.close()
shutil.rmtree(folder.parent)
