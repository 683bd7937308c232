"""Metrics of generated data, one family per file; every score names the protocol of its measurement, see `Protocol`."""

from gan_keras.data.mixtures import modes_covered
from gan_keras.metrics.bleu import References as BleuReferences
from gan_keras.metrics.bleu import bleu, bleu_tokens, self_bleu
from gan_keras.metrics.clip_extractor import CLIPS, ClipExtractor, centre_speeds, classify_clips, frame_differences
from gan_keras.metrics.extractor import INCEPTION_SIZE, Extractor, load_inception, train_extractor
from gan_keras.metrics.extractor import Recipe as ExtractorRecipe
from gan_keras.metrics.extractor import hash_of as extractor_hash
from gan_keras.metrics.feature_distances import (
    frechet_distance,
    intra_class_frechet_distance,
    kernel_distance,
    sliced_wasserstein_distance,
)
from gan_keras.metrics.features import FeatureReader, LabelMoments, Moments
from gan_keras.metrics.frontier import PUBLISHED_COCO, dominates
from gan_keras.metrics.frontier import Point as FrontierPoint
from gan_keras.metrics.frontier import gain_over as frontier_gain
from gan_keras.metrics.frontier import plot as plot_frontier
from gan_keras.metrics.frontier import reaches as reaches_bleu
from gan_keras.metrics.image_quality import ImageQuality, PixelGaussian, classifier_score
from gan_keras.metrics.kneser_ney import END as SENTENCE_END
from gan_keras.metrics.kneser_ney import KneserNey
from gan_keras.metrics.likelihood_gain import best_beta, likelihood_gain
from gan_keras.metrics.mode_coverage import class_coverage, stacked_digit_modes
from gan_keras.metrics.precision_recall import RealNeighbourhoods, memorisation, precision_recall
from gan_keras.metrics.protocol import Protocol, Score
from gan_keras.metrics.seeds import Estimate, Interval, paired_interval
from gan_keras.metrics.seeds import summarise as mean_over_seeds
from gan_keras.metrics.sentence_encoder import SentenceEncoder
from gan_keras.metrics.series import Recipe as JudgeRecipe
from gan_keras.metrics.series import discriminative_score, predictive_score
from gan_keras.metrics.series_distances import (
    VectorAutoregression,
    autocorrelation_distance,
    correlation_distance,
    marginal_distance,
)
from gan_keras.metrics.table_similarity import (
    IndependentColumns,
    TableFeatures,
    column_similarities,
    missing_similarity,
    pair_similarities,
)
from gan_keras.metrics.table_similarity import copied_share as copied_row_share
from gan_keras.metrics.text_features import LatentSemantics, sentence_features
from gan_keras.metrics.text_quality import copied_fraction, unique_fraction
from gan_keras.metrics.text_quality import distinct as distinct_ngrams
from gan_keras.metrics.train_on_synthetic import CLASSIFIERS as TABLE_CLASSIFIERS
from gan_keras.metrics.train_on_synthetic import REGRESSORS as TABLE_REGRESSORS
from gan_keras.metrics.train_on_synthetic import classification_accuracy_score, synthetic_training, two_sample_test
from gan_keras.metrics.train_on_synthetic import real_control as two_sample_control
from gan_keras.metrics.translation import convinced as domain_accuracy
from gan_keras.metrics.translation import cycle_error, match_colours
from gan_keras.metrics.two_sample_tests import ClassifierTest, linear_two_sample_test, mauve, mean_discrepancy

__all__ = [
    "CLIPS", "INCEPTION_SIZE", "PUBLISHED_COCO", "SENTENCE_END", "TABLE_CLASSIFIERS", "TABLE_REGRESSORS", "BleuReferences",
    "ClassifierTest", "ClipExtractor", "Estimate", "Extractor", "ExtractorRecipe", "FeatureReader", "FrontierPoint",
    "ImageQuality", "IndependentColumns", "Interval", "JudgeRecipe", "KneserNey", "LabelMoments", "LatentSemantics", "Moments",
    "PixelGaussian", "Protocol", "RealNeighbourhoods", "Score", "SentenceEncoder", "TableFeatures", "VectorAutoregression",
    "autocorrelation_distance", "best_beta", "bleu", "bleu_tokens", "centre_speeds", "class_coverage",
    "classification_accuracy_score", "classifier_score", "classify_clips", "column_similarities", "copied_fraction",
    "copied_row_share", "correlation_distance", "cycle_error", "discriminative_score", "distinct_ngrams", "domain_accuracy",
    "dominates", "extractor_hash", "frame_differences", "frechet_distance", "frontier_gain", "intra_class_frechet_distance",
    "kernel_distance", "likelihood_gain", "linear_two_sample_test", "load_inception", "marginal_distance", "match_colours",
    "mauve", "mean_discrepancy", "mean_over_seeds", "memorisation", "missing_similarity", "modes_covered", "pair_similarities",
    "paired_interval", "plot_frontier", "precision_recall", "predictive_score", "reaches_bleu", "self_bleu",
    "sentence_features", "sliced_wasserstein_distance", "stacked_digit_modes", "synthetic_training", "train_extractor",
    "two_sample_control", "two_sample_test", "unique_fraction",
]  # fmt: skip
