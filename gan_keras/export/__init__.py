"""From a trained GAN to a checked SavedModel, and back."""
