"""What a path for the motion buys: the preset `default` of videos against the same networks without it, on moving digits.

Both train for the same processor time. Every training writes its networks, so that the evaluation can be repeated.

    python benchmarks/video.py --out /tmp/video --seconds 120 --seeds 0 1 2
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np

import gan_keras
from gan_keras import modalities
from gan_keras.data import load_videos, split_videos
from gan_keras.media import clip_grid, film_strips, write_gif, write_png

ARMS = {"motion": {}, "no motion": {"network_options": {"motion_dim": 0}}}
FOREVER = 10**6
COLUMNS = modalities.get("video").columns  # titles of the scores by name


class StopAfter(keras.callbacks.Callback):
    """Ends training after so many seconds of the processor; the building of the graphs is not counted."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.start, self.steps = seconds, None, 0

    def on_train_batch_end(self, batch, logs=None):
        self.start = time.process_time() if self.start is None else self.start
        self.steps += 1
        if time.process_time() - self.start > self.seconds:
            self.model.stop_training = True


def trained(arm, training, seed, options):
    """The path of a trained GAN, and what is known of its training."""
    path = options.out / f"{arm.replace(' ', '_')}_{seed}.keras"
    facts = path.with_suffix(".json")
    if not facts.exists():
        preset = gan_keras.presets.get("video", options.preset)
        for name, value in ARMS[arm].items():
            setattr(preset, name, value)
        gan, stop = preset.build(training, seed=seed), StopAfter(options.seconds)
        gan.fit(preset.batches(gan, training, seed), epochs=FOREVER, callbacks=[stop], verbose=0, shuffle=False)
        gan.save(path)
        facts.write_text(json.dumps({"steps": stop.steps, "seconds": options.seconds}))
    return path, json.loads(facts.read_text())


def measured(arm, training, held_out, seed, options):
    """Scores of a GAN by their names; the baselines and the control beside them."""
    path, facts = trained(arm, training, seed, options)
    gan = keras.saving.load_model(path, compile=False)
    result = gan_keras.evaluate(gan, training, held_out, seed=seed, progress=None)
    if seed == options.seeds[0]:
        clips = gan.generate(20, labels=np.repeat(np.arange(10), 2))
        write_gif(path.with_suffix(".gif"), clip_grid(clips, 4))
        write_png(path.with_suffix(".png"), film_strips(clips[::2]))
    print(f"{arm}, seed {seed}, {facts['steps']} steps: {result['samplers']['gan']['values']}", flush=True)
    return {**{name: sampler["values"] for name, sampler in result["samplers"].items()}, "real": result["real"]["values"]}


def row(title, runs):
    """Mean and standard error over seeds of each score, a line of a table."""
    cells = []
    for name in COLUMNS:
        values = np.array([run[name] for run in runs if name in run])
        error = f" ± {values.std(ddof=1) / len(values) ** 0.5:.2g}" if len(values) > 1 else ""
        cells.append(f"{values.mean():.3g}{error}" if len(values) else "-")
    return f"| {title} | {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default="default")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    training, held_out = split_videos(load_videos("moving_digits"))
    found = {arm: [] for arm in ARMS}
    for seed in options.seeds:
        for arm, runs in found.items():
            runs.append(measured(arm, training, held_out, seed, options))
    (options.out / "scores.json").write_text(json.dumps(found, indent=2))
    print(f"| | {' | '.join(COLUMNS.values())} |\n|{'---|' * (len(COLUMNS) + 1)}")
    for arm, runs in found.items():
        print(row(arm, [run["gan"] for run in runs]))
    for name in ("baseline", "still", "real"):
        print(row(name, [run[name] for run in found["motion"]]))


if __name__ == "__main__":
    main()
