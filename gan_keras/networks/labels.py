"""How labels enter image networks: beside the latents of a generator, by projection in a discriminator.

Labels are integers from 0, shape `(batch,)`.
"""

from keras import ops


def check_labels(labels, num_labels):
    """Raises `ValueError` if a network without labels gets some.

    Raises:
        ValueError: The message tells to set `num_labels`.
    """
    if labels is not None and not num_labels:
        raise ValueError("Got labels, but num_labels=0. Expected none: build the network with `num_labels`, or leave them out.")


def require_labels(labels, num_labels):
    """`check_labels`, and a generator that was built for labels cannot go without.

    Raises:
        ValueError: If labels are missing or not expected.
    """
    check_labels(labels, num_labels)
    if labels is None and num_labels:
        raise ValueError(
            f"Got no labels. Expected one for each sample, from 0 to {num_labels - 1}, such as `generate(2, labels=[0, 1])`."
        )


def beside(latents, embedding, labels):
    """Latents with the embedded label appended; the latents alone if there are no labels."""
    return latents if labels is None else ops.concatenate([latents, ops.cast(embedding(labels), latents.dtype)], axis=-1)


def projection(features, embedding, labels, num_labels):
    """Inner product of features `(batch, width)` with the embedded label: `(batch, 1)`, float32.

    Without labels it is the mean over all labels, so that samples of unknown label are judged too.

    Reference: [Miyato and Koyama, 2018](https://arxiv.org/abs/1802.05637).
    """
    if labels is None:
        embedded = ops.mean(ops.cast(embedding(ops.arange(num_labels)), "float32"), axis=0, keepdims=True)
    else:
        embedded = ops.cast(embedding(labels), "float32")
    return ops.sum(ops.cast(features, "float32") * embedded, axis=-1, keepdims=True)
