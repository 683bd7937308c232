"""The algorithm boxes: `GAN` and its siblings, one paper a file."""
