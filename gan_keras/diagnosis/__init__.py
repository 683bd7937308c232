"""Diagnosis of a training from its curves."""

from gan_keras.diagnosis.rules import Finding, diagnose, findings

__all__ = ["Finding", "diagnose", "findings"]
