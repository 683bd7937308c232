"""What all commands share: errors as one line with an exit code, a late start of Keras, and the help of a modality."""

import inspect
import os
import re
import textwrap

import typer
from typer.core import TyperCommand, TyperGroup

from gan_keras import catalogue, modalities, presets, startup

WRONG_INPUT = (ValueError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
FAILURES = (OSError, ImportError, MemoryError)
FAILURES_BY_NAME = ("ExportError", "TrainingFailed", "OpError")  # of modules that may not have been imported
INTERRUPTED = 130  # the shell's convention: 128 plus the number of SIGINT

YOUR_DATA = {"text": "poems.txt --labels authors.txt", "table": "people.csv", "series": "prices.csv"}
"""Data in the examples of `gan-keras train MODALITY --help`; other modalities take a folder."""

BUILT_IN = {"translation": "inverted_digits --set size=32"}
"""Built-in data in these examples where the first data set of the modality needs a setting."""


class Commands(TyperGroup):
    """Reports each error as one line with an exit code. `GAN_KERAS_TRACEBACK=1` shows the traceback instead."""

    def parse_args(self, context, args):
        if "--verbose" in args:  # before or after the name of a command
            os.environ[startup.LOG_LEVEL] = "0"
        return super().parse_args(context, [each for each in args if each != "--verbose"])

    def invoke(self, context):
        try:
            return super().invoke(context)
        except (typer.Exit, typer.Abort, BrokenPipeError):  # `gan-keras generate ... | head`: the library exits quietly
            raise
        except WRONG_INPUT as error:
            _exit(error, 2)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if not isinstance(error, FAILURES) and not {kind.__name__ for kind in type(error).__mro__} & set(FAILURES_BY_NAME):
                raise
            _exit(error, 1)


def start_keras():
    """Imports Keras, which takes seconds and is therefore not done before the arguments are known to be right."""
    startup.import_keras()
    from gan_keras.training import devices

    devices.grow_memory(lambda line: typer.echo(line, err=True))


def _exit(error, code):
    if "GAN_KERAS_TRACEBACK" in os.environ:
        raise error
    typer.echo(f"Error: {' '.join(str(error).split()) or type(error).__name__}", err=True)
    raise typer.Exit(code) from error


class TrainCommand(TyperCommand):
    """Adds to the help of `train`, after a modality, that modality's preset fields and examples."""

    def parse_args(self, context, args):
        self.modality = next((name for name in args if name in modalities.names()), None) if "--help" in args else None
        for parameter in self.params:
            if parameter.name == "labels" and self.modality is not None:
                parameter.hidden = self.modality != "text"
        return super().parse_args(context, args)

    def format_help(self, context, formatter):
        super().format_help(context, formatter)
        if self.modality is None:
            return
        preset = presets.get(self.modality, "default")
        texts = "\n".join(inspect.cleandoc(kind.__doc__ or "") for kind in reversed(type(preset).__mro__))
        about = {name: " ".join(text.split()) for name, text in re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", texts, re.M)}
        fields = {name: value for name, value in preset.to_config().items() if name != "description"}
        with formatter.section("Preset fields to change with --set KEY=VALUE, and their values in the preset default"):
            shown = {name: textwrap.shorten(f"{name}={_shown(value)}", 60, placeholder=" ...") for name, value in fields.items()}
            formatter.write_dl([(shown[name], about.get(name, "")) for name in fields])
        built_in = BUILT_IN.get(self.modality) or next(iter(catalogue.DATASETS[self.modality]))
        command = f"gan-keras train {self.modality} --data"
        with formatter.section("Examples"):
            formatter.write(f"  {command} {built_in} --out runs/first --minutes 10\n")
            formatter.write(f"  {command} {YOUR_DATA.get(self.modality, 'samples/')} --out runs/mine --set batch_size=32\n")


def _shown(value):
    """Returns a field's value as text; the config of an object becomes its class name."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return value["class_name"] if isinstance(value, dict) and "class_name" in value else str(value)


def aligned(rows):
    """Returns rows of texts as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def preset_table(names):
    """Returns the presets of modalities as a table of what they cost and reach, each above its description."""
    rows, about = [("preset", "paper", "minutes on 2 cores", "score")], [""]
    for modality in names:
        modalities.check_name(modality)
        for name, description in presets.names(modality).items():
            facts = catalogue.PRESETS[modality][name]
            rows.append((f"{modality} {name}", facts.paper or "-", f"{facts.minutes:g} ({facts.data})", facts.score or "-"))
            about.append(f"\n    {description}")
    lines = map("".join, zip(aligned(rows).splitlines(), about, strict=True))
    return "\n".join(lines) + "\nMinutes: at most. Scores: benchmarks/ has the table, protocol and command behind each."
