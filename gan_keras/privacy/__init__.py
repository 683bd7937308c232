"""Training with differential privacy: what a generator says about any single row of its training data is bounded."""

from gan_keras.privacy.accounting import epsilon_of, noise_multiplier_for
from gan_keras.privacy.clipping import Clipping
from gan_keras.privacy.differential_privacy import DifferentialPrivacy
from gan_keras.privacy.noised_counts import NoisedCounts
from gan_keras.privacy.noised_moments import NoisedMoments

__all__ = ["Clipping", "DifferentialPrivacy", "NoisedCounts", "NoisedMoments", "epsilon_of", "noise_multiplier_for"]
