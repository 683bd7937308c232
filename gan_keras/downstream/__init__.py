"""Generated samples as training data: `augment` adds them to a labelled data set, and `study` measures what a model gains.

Changes to samples during the training of a GAN are in `gan_keras.augmentation`.
"""

from gan_keras.downstream.study import Comparison, compare_augmentation
from gan_keras.downstream.study import share_of as stratified_rows
from gan_keras.downstream.study_report import rows_of as comparison_rows
from gan_keras.downstream.study_report import summary as comparison_summary
from gan_keras.downstream.tasks import Downstream, ImageDownstream, SeriesDownstream, TableDownstream

__all__ = [
    "Comparison",
    "Downstream",
    "ImageDownstream",
    "SeriesDownstream",
    "TableDownstream",
    "compare_augmentation",
    "comparison_rows",
    "comparison_summary",
    "stratified_rows",
]
