"""The files of samples that a training writes epoch by epoch, as a report shows them."""


def all_epochs(run, ending):
    """Paths of `samples/epoch_001.ENDING`, `epoch_002.ENDING`, ... in order: `epoch_1000` comes after `epoch_999`.

    Args:
        run: Path of the run.
        ending: With its point, such as `".png"`.
    """
    return sorted((run / "samples").glob(f"epoch_*{ending}"), key=lambda path: (len(path.name), path.name))


def last_and_first(run, ending):
    """The paths of the last and of the first epoch; one path where there is one, none where there is none."""
    paths = all_epochs(run, ending)
    return [paths[-1], paths[0]] if len(paths) > 1 else paths


def title_of(path):
    """What the report calls an epoch: `Epoch 004`."""
    return path.stem.replace("_", " ").capitalize()
