"""What a trained GAN has learned: each claim is measured, and stands beside a control that it has to beat."""

from gan_keras.analysis.attributes import Attribute, attributes_of, kind_of, samples_of, share_of_words, words_gained, words_of
from gan_keras.analysis.attribution import Attribution, attribute, randomisation_test
from gan_keras.analysis.audit import Audit, audit
from gan_keras.analysis.canaries import Canaries, Exposure, Extraction, exposure, extraction, insert_canaries
from gan_keras.analysis.copies import Copies, Disclosure
from gan_keras.analysis.counterfactuals import Counterfactuals, LabelEffect, counterfactuals
from gan_keras.analysis.directions import Directions, decided_by_style
from gan_keras.analysis.disentanglement import DCI, PathLength, dci, path_length
from gan_keras.analysis.effects import Effect, Effects
from gan_keras.analysis.inversion import Inversion, Nearest, invert, nearest
from gan_keras.analysis.label_attribute import LabelAttribute, label_attribute
from gan_keras.analysis.membership import ATTACKS, Attack
from gan_keras.analysis.one_run_audit import OneRunAudit, one_run_audit
from gan_keras.analysis.traversal import Traversal, traversal
from gan_keras.analysis.units import Units, units
from gan_keras.catalogue import DIRECTION_METHODS

__all__ = [
    "ATTACKS",
    "DCI",
    "DIRECTION_METHODS",
    "Attack",
    "Attribute",
    "Attribution",
    "Audit",
    "Canaries",
    "Copies",
    "Counterfactuals",
    "Directions",
    "Disclosure",
    "Effect",
    "Effects",
    "Exposure",
    "Extraction",
    "Inversion",
    "LabelAttribute",
    "LabelEffect",
    "Nearest",
    "OneRunAudit",
    "PathLength",
    "Traversal",
    "Units",
    "attribute",
    "attributes_of",
    "audit",
    "counterfactuals",
    "dci",
    "decided_by_style",
    "exposure",
    "extraction",
    "insert_canaries",
    "invert",
    "kind_of",
    "label_attribute",
    "nearest",
    "one_run_audit",
    "path_length",
    "randomisation_test",
    "samples_of",
    "share_of_words",
    "traversal",
    "units",
    "words_gained",
    "words_of",
]
