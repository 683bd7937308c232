"""Diagnosis of a training from its curves."""
