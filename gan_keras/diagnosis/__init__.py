"""Diagnosis of a training from its curves."""

from gan_keras import startup

__all__ = ["Finding", "diagnose", "findings"]

__getattr__, __dir__ = startup.late(__name__, {name: f"gan_keras.diagnosis.rules.{name}" for name in __all__})
