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


def add_commands(commands):
    """Adds the commands that read results to the parser's."""
    for name, run, help_text in (
        ("table", lambda arguments: print_tables(read_all(arguments.files)), "all tables, mean and range over the seeds"),
        ("dan", lambda arguments: print_dan(read_all(arguments.files)), "the generator trained alone beside the GAN"),
        ("sentences", lambda arguments: print_sentences(*read_all(arguments.files)), "the first sentences of one result"),
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


# --- Means and ranges over seeds. ---


def print_tables(results):
    """Prints every table for each group of results that differ in their seed alone."""
    groups = {}
    for result in results:
        groups.setdefault((result["corpus"], result["label"]), []).append(result)
    for (corpus, label), group in groups.items():
        sizes = ", ".join(f"{group[0]['data'][part]['lines']:,} {part}" for part in ("training", "held_out", "test"))
        print(f"\n## {corpus}, {label}: {len(group)} seeds, {sizes} lines\n\n`{group[0]['command']}`")
        likelihood_table(group)
        if "gain" in group[0]:
            gain_table(group)
            cost_table(group)
        if "rows" in group[0]:
            curve_table(group)
        sampler_table(group)


def likelihood_table(group):
    rows = [
        [name, *(spread([result["likelihood"][kind][name] for result in group], 3) for kind in ("per_token", "per_line"))]
        for name in group[0]["likelihood"]["per_token"]
    ]
    floor = group[0]["data"].get("floor_per_line")
    rows += [] if floor is None else [["the grammar itself", "", f"{floor:.3f}"]]
    print_table(["held-out test lines", "nats per token", "nats per line"], rows)


def gain_table(group):
    rows = [
        [
            name,
            spread([result["gain"][name]["mean"] for result in group], 3),
            ", ".join(f"{result['gain'][name]['low']:+.3f}" for result in group),
        ]
        for name in group[0]["gain"]
    ]
    print_table(["gain in nats per line", "mean (range)", "lower end of the 95 % interval, by seed"], rows)


def cost_table(group):
    rows = [[stage, *stage_cells([result["stages"][stage] for result in group])] for stage in group[0]["stages"]]
    second = [total(result["second_model"]) for result in group]
    print_table(["stage", "epochs", "steps", "seconds", "processor seconds"], [*rows, ["second model", *stage_cells(second)]])
    sizes = [*group[0]["parameters"].items(), *((f"{name}'s file", size) for name, size in group[0]["bytes"].items())]
    print("\n" + ", ".join(f"{name}: {num:,}{' bytes' if 'file' in name else ' parameters'}" for name, num in sizes))


def stage_cells(stages):
    return [spread([stage[name] for stage in stages], 0) for name in ("epochs", "steps", "seconds", "processor_seconds")]


def total(stages):
    """One entry with the sums of all stages."""
    return {name: sum(stage[name] for stage in stages.values()) for name in next(iter(stages.values()))}


def curve_table(group):
    """The rows of one seed; other seeds have their own."""
    for result in group:
        rows = [
            [row["epoch"], row["steps"], f"{row['processor_seconds']:.0f}", f"{row['val_nll']:.3f}"] for row in result["rows"]
        ]
        print_table([f"epoch of seed {result['seed']}", "steps", "processor seconds", "held-out nats per token"], rows)


def sampler_table(group):
    first = next(iter(group[0]["samplers"].values()))
    forms = [name for name in FORMS if name in first]
    columns = {
        "C2ST": lambda scores: scores["c2st"][0],
        "MMD, 1e-3": lambda scores: 1000 * scores["mmd"],
        "MAUVE": lambda scores: scores["mauve"],
        "length, %": lambda scores: scores["length_percent"],
        **{FORMS[name]: lambda scores, name=name: scores[name] for name in forms},
        "unique": lambda scores: scores["unique"],
        "copies": lambda scores: scores["copies"],
        **{
            f"{title}-{n}": lambda scores, kind=kind, n=n: scores[kind][n]
            for kind, title in (("bleu", "BLEU"), ("self_bleu", "Self-BLEU"))
            for n in ("2", "5")
        },
    }
    rows = [
        [name, *(spread([column(result["samplers"][name]) for result in group], 3) for column in columns.values())]
        for name in group[0]["samplers"]
    ]
    print_table(["sampler", *columns], rows)


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
    """Prints the generator trained alone (its draws) beside the GAN (its resampled drafts), a row each per result."""
    rows = []
    for result in results:
        drawn, resampled = itertools.islice(result["samplers"].values(), 2)
        alone, whole = result["stages"]["pretraining"], total(result["stages"])
        parameters, size = result["parameters"], result["bytes"]
        first = [result["corpus"], result["seed"], f"{result['data']['training']['lines']:,}"]
        gain = result["gain"]["discriminator"]
        for title, cost, num, bytes_, scores, added in (
            ("generator alone", alone, parameters["generator"], size["generator"], drawn, "0"),
            ("GAN", whole, sum(parameters.values()), size["gan"], resampled, f"{gain['mean']:.3f}, from {gain['low']:+.3f}"),
        ):
            cells = [f"{cost['steps']:,}", f"{cost['processor_seconds']:.0f}", f"{num:,}", f"{bytes_ / 1e6:.1f} MB"]
            rows.append([*first, title, *cells, added, f"{scores['c2st'][0]:.3f}", f"{scores['length_percent']:+.1f}"])
    head = ["corpus", "seed", "training lines", "what", "steps", "processor seconds", "parameters", "file"]
    print_table([*head, "gain, nats per line", "C2ST", "length, %"], rows)


def print_sentences(result, *others, num=20):
    """Prints the first sentences of each sampler of each result."""
    for each in (result, *others):
        samplers = each["sentences"]
        print(f"\n{each['corpus']}, seed {each['seed']}")
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
