"""Tables of the results of `text.py` in Markdown, and sheets of sentences that are rated blind."""

import csv
import itertools
import json
import math
import pathlib

import numpy as np

NUM_READ = 50  # sentences of a sampler in a sheet
FORMS = {
    "twenty": "20 characters",
    "rhyme": "rhyme",
    "repeated_verse": "a verse twice",
    "valid": "valid",
    "novel": "novel, valid, different",
    "true_nats": "true nats",
}
STAGE_COLUMNS = {"epochs": "epochs", "steps": "steps", "seconds": "seconds", "processor_seconds": "processor seconds"}


def add_commands(commands):
    """Adds the commands that read results to the parser's."""
    for name, run, help_text in (
        ("table", lambda arguments: print_tables(read_all(arguments.files)), "all tables, mean and range over the seeds"),
        ("dan", lambda arguments: print_dan(trained(arguments.files)), "the generator trained alone beside the GAN"),
        ("sentences", lambda arguments: print_sentences(trained(arguments.files)), "the first sentences of each sampler"),
    ):
        one = commands.add_parser(name, help=help_text)
        one.add_argument("files", nargs="+", type=pathlib.Path)
        one.set_defaults(run=run)
    for name, run, help_text in (
        ("read", write_sheet, f"a blind sheet of {NUM_READ} sentences of each sampler"),
        ("rated", print_ratings, "the tally of the rated sheet"),
    ):
        one = commands.add_parser(name, help=help_text)
        one.add_argument("corpus")
        one.add_argument("directory", type=pathlib.Path, help="the --out of `train`")
        one.set_defaults(run=run)


def write(path, result):
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")


def read_all(paths):
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def trained(paths):
    """The results of `train` among those of other commands."""
    return [result for result in read_all(paths) if "sentences" in result]


# --- Means and ranges over seeds. ---


def print_tables(results):
    """Prints every table: a row for each group of results that differ in their seed alone, and the samplers of each group."""
    groups = {}
    for result in results:
        if "third" not in result:
            groups.setdefault((result["corpus"], result["label"]), []).append(result)
    thirds = [result for result in results if "third" in result]
    if thirds:
        print_thirds(thirds)
    if groups:
        print_likelihoods(groups)
    trained = {name: group for name, group in groups.items() if "gain" in group[0]}
    if trained:
        print_gains(trained)
        print_stages(trained)
    timed = {name: group for name, group in groups.items() if "rows" in group[0]}
    if timed:
        print_curves(timed)
    for (corpus, label), group in groups.items():
        seeds = ", ".join(str(result["seed"]) for result in group)
        print(f"\n{corpus}, {label}, seeds {seeds}; the first is `{group[0]['command']}`")
        print_samplers(group)


def print_likelihoods(groups):
    """Held-out loss of each model, and the length of drawn lines."""
    models = list(dict.fromkeys(name for group in groups.values() for name in group[0]["likelihood"]["per_token"]))
    rows = []
    for (corpus, label), group in groups.items():
        sizes = " / ".join(f"{group[0]['data'][part]['lines']:,}" for part in ("training", "held_out", "test"))
        row = [corpus, label, len(group), sizes]
        for kind in ("per_token", "per_line"):
            row += [spread([each["likelihood"][kind].get(name) for each in group], 3) for name in models]
        floor = group[0]["data"].get("floor_per_line")
        lengths = [each["samplers"]["one draw"]["length_percent"] for each in group]
        rows.append([*row, "-" if floor is None else f"{floor:.3f}", spread(lengths, 1)])
    units = [f"{name}, nats per {unit}" for unit in ("token", "line") for name in models]
    head = [
        "corpus",
        "preset",
        "seeds",
        "training / held-out / test lines",
        *units,
        "floor",
        "length of one draw against real, %",
    ]
    print_table(head, rows)


def print_gains(groups):
    """Gain of the discriminator and of its controls, and the processor seconds behind them."""
    names = list(next(iter(groups.values()))[0]["gain"])
    rows = []
    for (corpus, label), group in groups.items():
        row = [corpus, label]
        for name in names:
            gains = [each["gain"][name] for each in group]
            lows = ", ".join(f"{gain['low']:+.3f}" for gain in gains)
            row.append(f"{spread([gain['mean'] for gain in gains], 3)}; from {lows}")
        seconds = [
            [each["stages"].get("discriminator", {}).get("processor_seconds", 0.0) for each in group],
            [total(each["second_model"])["processor_seconds"] for each in group],
        ]
        rows.append([*row, *(spread(each, 0) for each in seconds)])
    head = ["corpus", "preset", *(f"{name}: gain in nats per line; lower ends by seed" for name in names)]
    print_table([*head, "processor seconds: discriminator", "second model"], rows)


def print_stages(groups):
    rows = []
    for (corpus, label), group in groups.items():
        for stage in group[0]["stages"]:
            entries = [each["stages"].get(stage, {}) for each in group]
            cells = [spread([entry.get(name) for entry in entries], 0) for name in STAGE_COLUMNS]
            rows.append([corpus, label, stage, *cells])
    print_table(["corpus", "preset", "stage", *STAGE_COLUMNS.values()], rows)


def total(stages):
    """One entry with the sums of all stages."""
    return {name: sum(stage[name] for stage in stages.values()) for name in STAGE_COLUMNS}


def print_curves(groups):
    """The lowest held-out loss until each tenth of the processor seconds."""
    rows = []
    for (corpus, label), group in groups.items():
        for result in group:
            limit = result["rows"][-1]["processor_seconds"]
            reached = [
                min((row["val_nll"] for row in result["rows"] if row["processor_seconds"] <= limit * tenth / 10), default=None)
                for tenth in range(1, 11)
            ]
            losses = ["-" if nll is None else f"{nll:.3f}" for nll in reached]
            rows.append([corpus, label, result["seed"], f"{result['parameters']['generator']:,}", f"{limit:.0f}", *losses])
    head = ["corpus", "preset", "seed", "parameters", "processor seconds"]
    print_table([*head, *(f"{10 * tenth} %" for tenth in range(1, 11))], rows)


def print_thirds(results):
    """A row for each third stage: held-out loss before and after, and the test loss of the kept network."""
    rows = []
    for result in results:
        for name, stage in result["third"].items():
            losses = [row["val_nll"] for row in stage["rows"]]
            best = min([result["before"]["val_nll"], *losses])
            cells = [f"{stage['rows'][-1]['processor_seconds']:.0f}", len(losses), f"{losses[-1]:.4f}", f"{best:.4f}"]
            row = [
                result["corpus"],
                result["seed"],
                name,
                *cells,
                f"{stage['kept']:.4f}",
                f"{stage['kept'] - result['before']['test']:+.4f}",
            ]
            rows.append(row)
    head = ["corpus", "seed", "third stage", "processor seconds", "epochs", "held-out nats per token, last", "lowest"]
    print_table([*head, "test nats per token of the kept network", "less that of before"], rows)


def print_samplers(group):
    """Two-sample tests, form and BLEU of the lines of each sampler."""
    columns = {
        "C2ST": lambda scores: scores["c2st"][0],
        "MMD, 1e-3": lambda scores: 1000 * scores["mmd"],
        "MAUVE": lambda scores: scores["mauve"],
        "length, %": lambda scores: scores["length_percent"],
        **{title: lambda scores, name=name: scores.get(name) for name, title in FORMS.items()},
        "unique": lambda scores: scores["unique"],
        "copies": lambda scores: scores["copies"],
        "LM": lambda scores: scores["lm_score"],
        "reverse LM": lambda scores: scores["reverse_lm_score"],
        **{
            f"{title}-{n}": lambda scores, kind=kind, n=n: scores[kind][n]
            for kind, title in (("bleu", "BLEU"), ("self_bleu", "Self-BLEU"))
            for n in ("2", "3", "4", "5")
        },
    }
    rows = [
        [name, *(spread([column(result["samplers"][name]) for result in group], 3) for column in columns.values())]
        for name in group[0]["samplers"]
    ]
    filled = [place for place, cells in enumerate(zip(*rows, strict=True)) if set(cells) != {"-"}]
    head = ["sampler", *columns]
    print_table([head[place] for place in filled], [[row[place] for place in filled] for row in rows])


def spread(values, digits):
    """Mean, and range if there are several different values."""
    if None in values:
        return "-"
    mean, low, high = (f"{number:,.{digits}f}" for number in (np.mean(values), min(values), max(values)))
    return mean if low == high else f"{mean} ({low} to {high})"


def print_table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    print("\n" + "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))


def print_dan(results):
    """Prints the generator trained alone (its draws) beside the GAN (its resampled drafts), a row each per result.

    Both hold the n-grams, if there are any. The size is that of the weights in float32.
    """
    rows = []
    for result in results:
        drawn, resampled = itertools.islice(result["samplers"].values(), 2)
        alone, whole = result["stages"]["pretraining"], total(result["stages"])
        further, gain = result["parameters"]["discriminator"], result["gain"]["discriminator"]
        num, losses = sum(result["parameters"].values()), result["likelihood"]["per_line"]
        nats = losses.get("network and n-grams", losses["network"])
        first = [result["corpus"], result["seed"], f"{result['data']['training']['lines']:,}"]
        for title, cost, parameters, scores, added in (
            ("generator alone", alone, num - further, drawn, 0.0),
            ("GAN", whole, num, resampled, gain["mean"]),
        ):
            cells = [f"{cost['steps']:,}", f"{cost['processor_seconds']:.0f}", f"{parameters:,}", f"{4e-6 * parameters:.1f} MB"]
            quality = [f"{nats - added:.2f}", f"{scores['c2st'][0]:.3f}", f"{scores['length_percent']:+.1f}"]
            rows.append([*first, title, *cells, *quality])
    head = ["corpus", "seed", "training lines", "what", "steps", "processor seconds", "parameters", "size"]
    print_table([*head, "test lines, nats per line", "C2ST", "length, %"], rows)


def print_sentences(results, num=20):
    """Prints the first sentences of each sampler of each result."""
    for result in results:
        samplers = result["sentences"]
        print(f"\n{result['corpus']}, seed {result['seed']}")
        print_table([*samplers], zip(*(lines[:num] for lines in samplers.values()), strict=True))


# --- Blind reading. ---


def write_sheet(arguments):
    """Writes `CORPUS_sheet.csv`, to be filled with 1 (plausible) or 0, and `CORPUS_key.json`, not to be read before."""
    results = read_all(sorted(arguments.directory.glob(f"{arguments.corpus}_[0-9]*.json")))
    if not results:
        raise SystemExit(f"{arguments.directory} holds no result of {arguments.corpus}. Expected those of `train`.")
    names = [*results[0]["sentences"]]
    rows = []
    for place, name in enumerate(names):  # no two samplers show sentences of the same noise
        lines = itertools.chain(*zip(*(result["sentences"][name] for result in results), strict=True))
        rows += [(name, line) for line in itertools.islice(lines, place * NUM_READ, (place + 1) * NUM_READ)]
    rows = [rows[index] for index in np.random.default_rng(0).permutation(len(rows))]
    sheet, key = sheet_and_key(arguments)
    with sheet.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["number", "plausible", "text"], *((n, "", line) for n, (_, line) in enumerate(rows))])
    write(key, [name for name, _ in rows])
    print(f"{len(rows)} sentences: {sheet}")


def sheet_and_key(arguments):
    return arguments.directory / f"{arguments.corpus}_sheet.csv", arguments.directory / f"{arguments.corpus}_key.json"


def print_ratings(arguments):
    sheet, key = sheet_and_key(arguments)
    names = json.loads(key.read_text(encoding="utf-8"))
    with sheet.open(newline="", encoding="utf-8") as file:
        ratings = [row["plausible"].strip() for row in csv.DictReader(file)]
    odd = [number for number, rating in enumerate(ratings) if rating not in ("0", "1")]
    if odd or len(ratings) != len(names):
        raise SystemExit(f"{sheet}: {len(ratings)} rows, odd ratings in {odd[:5]}. Expected 0 or 1 in all {len(names)} rows.")
    rows = []
    for name in dict.fromkeys(names):
        rated = [int(rating) for rating, each in zip(ratings, names, strict=True) if each == name]
        low, high = wilson(sum(rated), len(rated))
        rows.append([name, f"{sum(rated)} of {len(rated)}", f"{low:.2f} to {high:.2f}"])
    print_table(["sampler", "plausible", "95 % interval"], sorted(rows, key=lambda row: -int(row[1].split()[0])))


def wilson(hits, num, z=1.96):
    """Wilson's interval of a share."""
    share, weight = hits / num, z**2 / num
    middle, half = share + weight / 2, z * math.sqrt(share * (1 - share) / num + weight / (4 * num))
    return (middle - half) / (1 + weight), (middle + half) / (1 + weight)
