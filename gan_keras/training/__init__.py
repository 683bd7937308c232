"""The machinery of `fit`: devices, precision, time budget, checkpoints and resuming."""

from gan_keras import startup

__all__ = ["Player", "checkpoint_names", "load_checkpoint", "newest_checkpoint"]

__getattr__, __dir__ = startup.late(
    __name__,
    {
        "Player": "gan_keras.training.player.Player",
        "checkpoint_names": "gan_keras.training.checkpoint_files.names",
        "load_checkpoint": "gan_keras.training.checkpoint_files.load_model",
        "newest_checkpoint": "gan_keras.training.checkpoint_files.newest",
    },
)
