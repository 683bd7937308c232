"""Export of a trained GAN as a checked SavedModel, and generation from it."""
