"""Whether what is asked of a resumed run is what it began with."""

from gan_keras.modalities.settings import with_settings
from gan_keras.training.fingerprint import check_same, flat, shaping_versions


def check_goes_on(run, kind, asked):
    """Raises unless a run goes on as it began.

    Args:
        run: A `Run`.
        kind: The modality that is asked for.
        asked: The other choices by name; None, or no setting, where nothing is asked for.

    Raises:
        FileNotFoundError: If there is no run.
        ValueError: That names every choice that differs and both values, or the other version that this is.
    """
    config = run.config
    if config["modality"] != kind.name:
        raise ValueError(f"{run.path} is a run of the modality {config['modality']}. Expected that one, got {kind.name}.")
    if "asked" not in config:
        raise ValueError(f"{run.path} was begun by a release whose checkpoints this one does not read. Expected that release.")
    check_same(shaping_versions(config["versions"]), shaping_versions(), run.path, "the run")
    check_same(*chosen(config, kind, asked), run.path, "the run")


def chosen(config, kind, asked):
    """Two flat dictionaries of what was asked for: values of the run, and values asked for now."""
    preset = kind.preset_class.from_config(config["preset"])
    changed = with_settings(preset, asked["settings"])
    named = asked["preset"].to_config() if hasattr(asked["preset"], "to_config") else asked["preset"]
    known = {"preset": config["asked"]["preset"], "minutes": config["asked"]["minutes"]}
    known |= {"seed": config["seed"], "epochs": preset.epochs}
    now = {"preset": named, "minutes": asked["minutes"], "seed": asked["seed"], "epochs": asked["epochs"]}
    known = {name: value for name, value in known.items() if now[name] is not None}
    now = {name: now[name] for name in known}
    return flat({**known, "settings": preset.to_config()}), flat({**now, "settings": changed.to_config()})
