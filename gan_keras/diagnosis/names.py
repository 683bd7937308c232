"""Messages about unknown names, such as that of a loss, a preset or a label: what was probably meant, and what there is."""

import difflib

MAX_NAMED = 30
"""Number of names that a message lists; of more, such as hundreds of labels, it lists the first ones and the last."""


def choice_of(name, known):
    """Returns the end of a message about an unknown name, without its full stop.

    Args:
        name: The unknown name; an object of another type resembles no name.
        known: All names, in the order in which the message lists them.

    Returns:
        Text such as `Did you mean 'hinge'? Expected one of minimax, hinge, least_squares`.
    """
    known = list(map(str, known))
    close = closest(name, known) if isinstance(name, str) else []
    listed = known if len(known) <= MAX_NAMED else [*known[: MAX_NAMED - 1], "...", known[-1]]
    count = f" ({len(known):,} in all)" if len(listed) < len(known) else ""
    question = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    return f"{question}Expected one of {', '.join(listed)}{count}"


def closest(name, known, num=3):
    """Returns at most `num` of the known names that resemble `name`, in upper or lower case, the closest first."""
    spelled = {each.casefold(): each for each in reversed(known)}
    return [spelled[each] for each in difflib.get_close_matches(name.casefold(), spelled, n=num)]
