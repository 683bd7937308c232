"""Tables of users: the cost of reading a large file, and relations that the default preset learns from 800 rows.

    python benchmarks/own_tables.py read --rows 1000000
    python benchmarks/own_tables.py relations --seeds 0 1 2

`read` writes a file of 15 columns and compares `load_table` with `pandas.read_csv`, by turns: processor seconds, and memory above
that before the call. `relations` trains on made-up people, whose income depends on age and city and whose dates `end` follow
`start`, and compares correlations and means of groups with those of the data.
"""

import argparse
import pathlib
import tempfile
import threading
import time

import numpy as np
import pandas as pd
import psutil

from gan_keras import presets
from gan_keras.data import load_table, split_table


def made_table(rows):
    """A data frame of 15 columns: numbers of several forms, dates, truth values, categories."""
    rng = np.random.default_rng(0)
    numbers = {f"n{digits}": rng.normal(50, 20, rows).round(digits) for digits in (1, 2, 3, 4)}
    integers = {f"i{high}": rng.integers(0, high, rows) for high in (10, 100, 10**6)}
    categories = {f"c{num}": rng.choice([f"value {i}" for i in range(num)], rows) for num in (2, 3, 500)}
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), unit="D")
    others = {"day": days.strftime("%Y-%m-%d"), "flag": rng.integers(0, 2, rows).astype(bool), "all": rng.normal(size=rows)}
    gaps = {
        "gaps": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 50, rows)),
        "empty": rng.choice(["x", "y", ""], rows),
    }
    return pd.DataFrame({**numbers, **integers, **categories, **others, **gaps})


def measured(function):
    """Result, processor seconds and peak of the memory above that before, in bytes."""
    process = psutil.Process()
    before, peak, is_done = process.memory_info().rss, [0], threading.Event()

    def watch():
        while not is_done.wait(0.005):
            peak[0] = max(peak[0], process.memory_info().rss - before)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    start = time.process_time()
    result = function()
    seconds = time.process_time() - start
    is_done.set()
    thread.join()
    return result, seconds, peak[0]


def read(arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "table.csv"
        made_table(arguments.rows).to_csv(path, index=False)
        print("| turn | pandas.read_csv s | load_table s | ratio | load_table's memory in frames |\n|---|---|---|---|---|")
        for turn in range(arguments.turns):
            frame, plain, _ = measured(lambda: pd.read_csv(path))
            size = frame.memory_usage(deep=True).sum()
            del frame
            _, ours, peak = measured(lambda: load_table(path))
            print(f"| {turn} | {plain:.2f} | {ours:.2f} | {ours / plain:.1f} | {peak / size:.1f} |", flush=True)


def people(rows=800):
    """Made-up people: income depends on age and city, `end` follows `start`."""
    rng = np.random.default_rng(0)
    age, city = rng.integers(18, 80, rows), rng.choice(["Bergen", "Oslo", "Bodo"], rows, p=[0.3, 0.5, 0.2])
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D")
    return pd.DataFrame(
        {
            "sex": rng.choice(["F", "M"], rows),
            "city": city,
            "age": age,
            "income": (20_000 + 500 * age + 9000 * (city == "Oslo") + rng.normal(0, 4000, rows)).round(2),
            "start": start,
            "end": start + pd.to_timedelta(rng.integers(5, 60, rows), unit="D"),
            "smoker": rng.choice(["no", "yes"], rows, p=[0.8, 0.2]),
        }
    )


def relations(arguments):
    training, _ = split_table(load_table(people()), seed=0)
    real = facts(training.to_frame())
    print("| rows of | seed | processor s |" + "".join(f" {name} |" for name in real) + "\n|---|---|---|" + "---|" * len(real))
    print("| data | - | - |" + "".join(f" {value:.3g} |" for value in real.values()))
    for seed in arguments.seeds:
        preset = presets.with_settings(presets.get("table", arguments.preset), {})
        gan, start = preset.build(training, seed=seed), time.process_time()
        gan.fit(preset.batches(gan, training, seed), epochs=preset.epochs, verbose=0)
        seconds = time.process_time() - start
        made = facts(gan.generate(4000, seed=0))
        cells = (f" {value:.3g} ({value / real[name] - 1:+.0%}) |" for name, value in made.items())
        print(f"| `{arguments.preset}` | {seed} | {seconds:.0f} |" + "".join(cells), flush=True)


def facts(frame):
    """Correlations of dependent columns, and mean incomes by group."""
    days = {name: frame[name].astype("datetime64[s]").astype("int64") for name in ("start", "end")}
    found = {"age, income": frame["age"].corr(frame["income"]), "start, end": days["start"].corr(days["end"])}
    groups = [("city", value) for value in ("Bergen", "Oslo", "Bodo")] + [("sex", value) for value in ("F", "M")]
    return found | {f"income of {value}": frame.loc[frame[column] == value, "income"].mean() for column, value in groups}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("read")
    command.add_argument("--rows", type=int, default=1_000_000)
    command.add_argument("--turns", type=int, default=5)
    command.set_defaults(function=read)
    command = commands.add_parser("relations")
    command.add_argument("--preset", default="default")
    command.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    command.set_defaults(function=relations)
    arguments = parser.parse_args()
    arguments.function(arguments)


if __name__ == "__main__":
    main()
