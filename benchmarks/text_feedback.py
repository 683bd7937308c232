"""Which feedback teaches the generator most in equal time, judged on held-out captions alone.

    python benchmarks/text_feedback.py --data DIRECTORY --seed 0 --minutes 5 --out runs/feedback   # DIRECTORY holds train.txt

All begin with the same supervised generator and the same discriminator, and train adversarially for whole epochs until their
steps have taken so many minutes of processor time; rating the epochs is not counted. `gain` is BLEU-5 against 1,000 held-out
lines less that of the supervised generator at equal Self-BLEU-5. The test captions are not read.
"""

import argparse
import json
import pathlib
import time

import keras
import tensorflow as tf

from gan_keras import feedback, presets
from gan_keras.callbacks import KeepBest
from gan_keras.data import read_corpus, split, text_batches

RATING_SAMPLES = 2000
TEMPERATURES = (1.2, 1.0, 1 / 1.1, 1 / 1.2, 1 / 1.35, 1 / 1.5)  # of the baseline's curve, as in `KeepBest`
FEEDBACKS = {
    "cooperative": feedback.Cooperative(likelihood=0.5),
    "cooperative, likelihood 1": feedback.Cooperative(likelihood=1.0),
    "policy_gradient": feedback.PolicyGradient(),
    "gumbel_softmax": feedback.GumbelSoftmax(),
    "straight_through": feedback.StraightThrough(),
}


class UntilTime(keras.callbacks.Callback):
    """Ends `fit` after the epoch in which the steps have taken so many seconds of processor time; rates all epochs and the start.

    Args:
        seconds: Of the steps.
        rating: A `KeepBest`.
    """

    def __init__(self, seconds, rating):
        super().__init__()
        self.seconds, self.rating, self.spent, self.rows = seconds, rating, 0.0, []

    def on_train_batch_begin(self, batch, logs=None):
        self.start = time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        self.spent += time.process_time() - self.start

    def on_train_begin(self, logs=None):
        self.rate({})

    def on_epoch_end(self, epoch, logs=None):
        self.rate({name: logs[name] for name in ("val_nll", "val_d_loss")})
        self.model.stop_training = self.spent >= self.seconds

    def rate(self, row):
        gan, rating = self.model, self.rating
        gan.calibrate()
        row["seconds"] = self.spent
        for name, candidates in (("one", 1), ("best", rating.candidates)):
            point = rating.point(1 / 1.1, candidates=candidates)
            row |= {f"{name}_bleu5": point.bleu[5], f"{name}_self_bleu5": point.self_bleu[5], f"{name}_gain": rating.gain(point)}
        self.rows.append(row)
        print(json.dumps(row), flush=True)


def prepare(arguments, training, held_out, path):
    """Trains the supervised generator and the discriminator that all feedbacks begin with."""
    preset = presets.get("text", "default")
    preset.adversarial_epochs = 0
    gan = preset.build(training.lines, seed=arguments.seed)
    data = text_batches(training.lines, gan.codec, preset.batch_size, seed=arguments.seed)
    held = text_batches(held_out.lines, gan.codec, preset.batch_size, shuffle=False)
    gan.fit(data, epochs=preset.epochs, validation_data=held, verbose=2)
    gan.save(path)


def compare(arguments):
    """Prints one row an epoch and feedback, and writes them all to `feedback_SEED.json`."""
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    training, held_out = split(read_corpus(arguments.data / "train.txt"), 1000)
    path = out / f"before_{arguments.seed}.keras"
    if not path.exists():
        prepare(arguments, training, held_out, path)
    result = {}
    for name in arguments.feedback:
        gan = keras.saving.load_model(path)
        gan.feedback = FEEDBACKS[name]
        rating = KeepBest(held_out.lines, RATING_SAMPLES)
        rating.set_model(gan)
        rating.baseline_points = [rating.point(temperature, generator=gan.baseline) for temperature in TEMPERATURES]
        watch = UntilTime(60 * arguments.minutes, rating)
        first = gan.pretraining_epochs + gan.discriminator_epochs
        print(name, flush=True)
        gan.fit(
            text_batches(training.lines, gan.codec, 64, seed=arguments.seed + first),
            initial_epoch=first,
            epochs=first + 100,
            validation_data=text_batches(held_out.lines, gan.codec, 64, shuffle=False),
            callbacks=[watch],
            verbose=0,
        )
        result[name] = watch.rows
        keras.backend.clear_session()
    (out / f"feedback_{arguments.seed}.json").write_text(json.dumps(result, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--feedback", nargs="+", choices=FEEDBACKS, default=list(FEEDBACKS))
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
