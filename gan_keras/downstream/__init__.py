"""Generated samples as training data: `augment` adds them to a labelled data set, and `study` measures what a model gains.

Changes to samples during the training of a GAN are in `gan_keras.augmentation`.
"""
