"""Counts the files of the package that a reader enters on a way through it: every file of which a function is called.

    python benchmarks/files_entered.py            # a table: fit, train, export
    python benchmarks/files_entered.py --list     # and the names of the files

Module bodies do not count: they are imports. What is counted is counted with `sys.setprofile`, in a process per way.
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import threading

import gan_keras

PACKAGE = pathlib.Path(gan_keras.__file__).parent


@contextlib.contextmanager
def entered():
    """A set that gets the files of the package whose functions are called within it."""
    found = set()

    def note(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_name != "<module>" and code.co_filename.startswith(str(PACKAGE)):
            found.add(str(pathlib.Path(code.co_filename).relative_to(PACKAGE)))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def fit(folder):
    """`gan.fit` of two networks of Keras' own layers on an array of images."""
    import keras
    from keras import layers

    generator = [layers.Dense(256), layers.Reshape((8, 8, 4)), layers.Conv2DTranspose(1, 4, 2, "same", activation="tanh")]
    discriminator = [layers.Conv2D(8, 4, 2, "same", activation="leaky_relu"), layers.Flatten(), layers.Dense(1)]
    pair = (keras.Sequential([keras.Input(shape), *body]) for shape, body in (((8,), generator), ((16, 16, 1), discriminator)))
    return fitted(gan_keras.GAN(*pair))


def fit_dcgan(folder):
    """`gan.fit` of the package's DCGAN on an array of images."""
    shape = (16, 16, 1)
    return fitted(
        gan_keras.GAN(gan_keras.networks.DCGANGenerator(shape, width=4), gan_keras.networks.DCGANDiscriminator(shape, width=4))
    )


def fitted(gan):
    import numpy as np

    gan.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (16, 16, 16, 1)).astype("float32")
    with entered() as found:
        gan.fit(images, batch_size=8, epochs=1, verbose=0)
    return found


def command(*arguments):
    """A command of `gan-keras`."""
    from gan_keras.cli import app

    with entered() as found, contextlib.redirect_stdout(sys.stderr):
        app([str(argument) for argument in arguments], standalone_mode=False)
    return found


def train(folder):
    """`gan-keras train image` on digits, an epoch."""
    sizes = [item for name in ("quality_every=0", "width=4") for item in ("--set", name)]
    return command("train", "image", "--data", "digits", "--out", folder / "run", "--epochs", 1, *sizes)


def export(folder):
    """`gan-keras export` of that run."""
    train(folder)
    return command("export", folder / "run", "--to", folder / "models")


WAYS = {"fit": fit, "fit_dcgan": fit_dcgan, "train": train, "export": export}


def main():
    if len(sys.argv) > 1 and sys.argv[1] in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(sorted(WAYS[sys.argv[1]](pathlib.Path(folder)))))
        return
    for name, way in WAYS.items():
        process = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
        files = json.loads(process.stdout.splitlines()[-1])
        print(f"| {way.__doc__.strip().splitlines()[0]} | {len(files)} |")
        if "--list" in sys.argv:
            print("   ", *files)


if __name__ == "__main__":
    main()
