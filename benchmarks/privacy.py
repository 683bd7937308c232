"""What GANs give away, and what privacy costs, in figures.

    python benchmarks/privacy.py canaries --data image_coco/train.txt
    python benchmarks/privacy.py canaries --data image_coco/train.txt --set ngram_order=0

Each command prints a table. One thread; processor seconds include building graphs.
"""

import argparse
import time

import numpy as np
import tensorflow as tf

from gan_keras import analysis, data, presets


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (function, add_options) in COMMANDS.items():
        add_options(commands.add_parser(name, help=function.__doc__.partition("\n")[0]))
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    rows = COMMANDS[arguments.command][0](arguments)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(shown(row.get(name, "-")) for name in columns) + " |")


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


# --- Canaries. ---


def canary_options(parser):
    parser.add_argument("--data", required=True, help="a file of lines, or the name of a data set of text")
    parser.add_argument("--lines", type=int, default=5000, help="training lines, at random")
    parser.add_argument("--preset", default="small", help="name of a preset of text")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="preset field to change")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds")


def canaries(arguments):
    """Exposure of planted secrets, by a GAN that was trained with them, and by one that was trained without."""
    rows = []
    for seed in range(arguments.seeds):
        corpus = data.load_text(arguments.data)
        order = np.random.default_rng(seed).permutation(len(corpus.lines))
        lines = [corpus.lines[row] for row in order[: arguments.lines]]
        held_out = [line for line in (corpus.lines[row] for row in order[arguments.lines :][:1000]) if line not in set(lines)]
        planted, secrets = analysis.insert_canaries(lines, seed=seed)
        for name, used in (("with canaries", planted), ("without", lines)):
            start = time.process_time()
            gan = trained(arguments, used, held_out, seed)
            found = analysis.exposure(gan, secrets)
            seconds = time.process_time() - start
            titles = found.to_json()["scores"]
            for score, by_count in found.bits.items():
                bits = {f"{count}x": float(np.median(values)) for count, values in by_count.items()}
                mean = float(np.mean([*by_count.values()]))
                control = "{:.2f} [{:.2f}, {:.2f}]".format(*found.control(score))
                own = {"seed": seed, "training": name, "score": titles[score]["title"]}
                rows.append({**own, **bits, "mean of all": mean, "never inserted": control, "CPU s": seconds})
            print(*found.sentences(), sep="\n", flush=True)
            print(analysis.extraction(gan, lines, 1000, seed, control=held_out).sentence(), flush=True)
            for prompt in (None, secrets.prompt) if used is planted else ():  # others do not know the prompt's words
                told = analysis.extraction(gan, secrets, 1000, seed, prompt)
                print(told.sentence("planted secrets", "secrets that were not planted"), flush=True)
    return rows


def trained(arguments, lines, held_out, seed):
    preset = presets.with_settings(presets.get("text", arguments.preset), dict(each.split("=", 1) for each in arguments.set))
    gan = preset.build(lines, seed=seed)
    batches, further = preset.batches(gan, lines, seed), preset.validation_batches(gan, lines, held_out)
    gan.fit(batches, validation_data=further, epochs=preset.epochs, callbacks=preset.callbacks(lines, held_out), verbose=0)
    return gan


COMMANDS = {"canaries": (canaries, canary_options)}

if __name__ == "__main__":
    main()
