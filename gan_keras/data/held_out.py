"""How many samples of a data set are held out."""

MOST = 10_000


def num_held_out(num, held_out, samples, most=MOST):
    """The number of samples to hold out: by default 10 %.

    Args:
        num: Number of all samples.
        held_out: Number asked for, or `None`.
        samples: What they are called, in the plural.
        most: The most that are held out by default.

    Raises:
        ValueError: If the number leaves nothing to train on, or is below 1.
    """
    held_out = max(1, min(most, num // 10)) if held_out is None else held_out
    if not 1 <= held_out < num:
        raise ValueError(f"Got held_out={held_out} for {num} {samples}. Expected 1 to {num - 1}.")
    return held_out
