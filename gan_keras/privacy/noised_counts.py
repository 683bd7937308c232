"""Noised counts of a table: a private model of its rows that needs no network, and the baseline of every private table GAN.

Reference: counts of few columns that are chosen privately and joined to a tree, as [PrivBayes, Zhang et al.,
2017](https://doi.org/10.1145/3134428) and [MST, McKenna et al., 2021](https://arxiv.org/abs/2108.04978) do.
"""

import itertools
import secrets

import numpy as np

from gan_keras.data.table.columns import CategoryColumn, column_from_config
from gan_keras.media.safe_files import read_json, write_json
from gan_keras.privacy.accounting import noise_multiplier_for

MAX_BINS, MAX_VALUES = 100, 1000  # bins of a number column, values of a category
MAX_LABEL_GROUPS, MAX_GROUPS = 10, 16  # groups of the label in counts of each column, of columns in counts of pairs
LEAST, SMOOTHING = 1e-6, 1e-2  # is added to counts of bins and of pairs of groups: whatever is asked for can be drawn

SHARES = {"label": 0.4, "selection": 0.1, "pairs": 0.5}
"""How the inverse variance of the noise is shared among the three kinds of counts."""


def secret_normal(shape):
    """Standard normal noise from the operating system's randomness, which no seed repeats."""
    return np.random.Generator(np.random.Philox(secrets.randbits(128))).normal(size=shape)


class NoisedCounts:
    """A private model of table rows: noised counts of each column with the label, and of pairs of columns with the label.

    Columns that depend on each other given the label, beyond what counts with the label tell, form a tree. A row is drawn along
    it: the label, then each column given the label and its parent, by groups of bins, then a bin of the group.

    Three releases are paid for, each by the Gaussian mechanism, of neighbouring tables that differ by one added or removed row:
    a table of counts per column, a score of dependence per pair of columns, and a table of counts per edge of the tree. One
    row changes one count of each table by 1, and each score by at most 1.

        counts = NoisedCounts(training.columns, training.cells, epsilon=1.0, delta=1e-5)
        cells = counts.sample(1000, seed=0)

    Args:
        columns: Columns but identifiers, with public ranges and values: see `gan_keras.data`.
        cells: Private cells, float64 `(rows, columns)`. Numbers out of the range count as its ends.
        epsilon: Bound of the privacy loss, > 0.
        delta: Probability of a larger loss, in (0, 1).
        label: Index of the column that all others are counted with; None for the last one.
        normal: Function from a shape to standard normal noise, for tests; None for `secret_normal`.

    Attributes:
        noise_multiplier: Noise of all releases together, as that of one Gaussian mechanism of sensitivity 1.
        parents: For each column the index of its parent besides the label; -1 for none.
    """

    name, file_name = "counts", "noised_counts.json"

    def __init__(self, columns, cells, epsilon, delta, label=None, normal=None):
        self.columns, self.normal = tuple(columns), normal or secret_normal
        self.epsilon, self.delta = float(epsilon), float(delta)
        self.label = len(columns) - 1 if label is None else int(label)
        self.bins = checked_bins(self.columns)
        self.shares = SHARES if len(columns) > 2 else {"label": 1.0}
        self.noise_multiplier = noise_multiplier_for(self.epsilon, self.delta)
        codes = np.stack([bins.of(cells[:, place]) for place, bins in enumerate(self.bins)], axis=1)
        self.label_groups = self.bins[self.label].equal_groups(MAX_LABEL_GROUPS)
        labels = self.label_groups[codes[:, self.label]]
        self.count_with_label(codes, labels)
        self.groups = self.make_groups()
        groups = np.stack([group[codes[:, place]] for place, group in enumerate(self.groups)], axis=1)
        self.parents = self.choose_parents(groups, labels)
        self.pairs = self.count_pairs(groups, labels)

    def released(self, part, values):
        """Returns what the mechanism releases of arrays that one row changes by at most 1 each: with noise of a part's share."""
        deviation = self.deviation(part, len(values)) if values else 0.0
        return [value + deviation * self.normal(np.shape(value)) for value in values]

    def deviation(self, part, num):
        """Deviation of the noise of each of `num` arrays."""
        return self.noise_multiplier * np.sqrt(num / self.shares[part])

    # --- Counts of each column with the label. ---

    def count_with_label(self, codes, labels):
        """Sets `label_counts`, of the label's groups, and `with_label`, of each column's bins with them: `(groups, bins)`."""
        is_of_group = self.label_groups == np.arange(self.label_groups.max() + 1)[:, None]
        may_be = [
            is_of_group if place == self.label else np.ones((len(is_of_group), bins.num), bool)
            for place, bins in enumerate(self.bins)
        ]
        tables = self.released(
            "label", [exact_counts((labels, codes[:, place]), each.shape) for place, each in enumerate(may_be)]
        )
        # Each table tells the label's frequencies; a sum of fewer counts is less noisy.
        weights = np.stack([1.0 / each.sum(axis=1) for each in may_be])
        sums = np.stack([(table * each).sum(axis=1) for table, each in zip(tables, may_be, strict=True)])
        self.label_counts = np.maximum((weights * sums).sum(axis=0) / weights.sum(axis=0), 1.0)
        self.with_label = []
        for table, allowed in zip(tables, may_be, strict=True):
            found = np.zeros(table.shape)
            for row, total in enumerate(self.label_counts):
                found[row, allowed[row]] = nearest_counts(table[row, allowed[row]], total) + LEAST
            self.with_label.append(found)

    def make_groups(self):
        """Returns the group of each bin of each column: as many groups as the noise of counts of pairs allows."""
        if len(self.columns) <= 2:
            return [bins.groups(table.sum(axis=0), MAX_GROUPS) for bins, table in zip(self.bins, self.with_label, strict=True)]
        num_cells = self.label_counts.sum() / (2.0 * self.deviation("pairs", len(self.columns) - 2) * len(self.label_counts))
        most = int(np.clip(np.sqrt(num_cells), 2, MAX_GROUPS))
        return [bins.groups(table.sum(axis=0), most) for bins, table in zip(self.bins, self.with_label, strict=True)]

    def by_group(self, place):
        """Counts of a column's groups with the label."""
        return self.with_label[place] @ np.eye(self.groups[place].max() + 1)[self.groups[place]]

    # --- The tree. ---

    def choose_parents(self, groups, labels):
        """Returns each column's parent in the tree of the pairs that depend most on each other given the label; -1 for none."""
        others = [place for place in range(len(self.columns)) if place != self.label]
        pairs, parents = list(itertools.combinations(others, 2)), np.full(len(self.columns), -1)
        if not pairs:
            return parents
        distances, by_chance = [], []
        noise_of_counts = self.deviation("pairs", len(others) - 1)
        for first, second in pairs:
            ones, twos = self.by_group(first), self.by_group(second)
            expected = ones[:, :, None] * twos[:, None, :] / self.label_counts[:, None, None]
            exact = exact_counts((labels, groups[:, first], groups[:, second]), expected.shape)
            distances.append(np.abs(exact - expected).sum())
            by_chance.append(np.sqrt(2.0 / np.pi * (expected + noise_of_counts**2)).sum())
        scores = np.zeros((len(self.columns),) * 2)
        for (first, second), distance, chance in zip(pairs, self.released("selection", distances), by_chance, strict=True):
            scores[first, second] = scores[second, first] = distance - chance
        tree = []
        while others:  # Prim's algorithm, from the column that depends most on another one
            child, parent = max(itertools.product(others, tree), key=lambda pair: scores[pair], default=(None, None))
            if child is None or scores[child, parent] <= 0:
                child, parent = max(others, key=lambda place: scores[place, others].max()), -1
            parents[child] = parent
            others.remove(child)
            tree.append(child)
        return parents

    def count_pairs(self, groups, labels):
        """Returns counts of groups with the label and the parent's groups, `(label groups, parent's, own)`, by column."""
        children, exact = np.flatnonzero(self.parents >= 0), []
        for child in children:
            parent = self.parents[child]
            shape = (len(self.label_counts), self.groups[parent].max() + 1, self.groups[child].max() + 1)
            exact.append(exact_counts((labels, groups[:, parent], groups[:, child]), shape))
        found = {}
        for child, noised in zip(children, self.released("pairs", exact), strict=True):
            nearest = [nearest_counts(table.ravel(), total) for table, total in zip(noised, self.label_counts, strict=True)]
            ones, twos = self.by_group(self.parents[child]), self.by_group(child)
            found[int(child)] = fitted_to_margins(np.reshape(nearest, noised.shape) + SMOOTHING, ones, twos)
        return found

    # --- Sampling. ---

    @property
    def order(self):
        """Columns in an order in which parents come first."""
        found = []
        while len(found) < len(self.columns):
            found += [place for place, parent in enumerate(self.parents) if place not in found and parent in (-1, *found)]
        return found

    def sample(self, num, seed=0):
        """Returns cells, float64 `(num, columns)`; the same seed gives the same cells."""
        random = np.random.default_rng(seed)
        labels = draw(np.broadcast_to(self.label_counts, (num, len(self.label_counts))), random)
        bins = np.zeros((num, len(self.columns)), np.int64)
        for place in self.order:
            chances, parent = self.with_label[place][labels], self.parents[place]
            if parent >= 0:
                group = draw(self.pairs[place][labels, self.groups[parent][bins[:, parent]]], random)
                chances = chances * (self.groups[place] == group[:, None])
            bins[:, place] = draw(chances, random)
        return np.stack([each.cells(bins[:, place], random.random(num)) for place, each in enumerate(self.bins)], axis=1)

    # --- A run keeps what was released: to release it again would be paid for again. ---

    # --- A run keeps what was released: to release it again would be paid for again. ---

    def save(self, path):
        """Writes everything that was released to a `.json` file."""
        config = {name: getattr(self, name) for name in ("epsilon", "delta", "label", "noise_multiplier")}
        config |= {"columns": [column.to_config() for column in self.columns]}
        config |= {name: [each.tolist() for each in getattr(self, name)] for name in ("groups", "with_label")}
        config |= {name: getattr(self, name).tolist() for name in ("label_groups", "label_counts", "parents")}
        write_json(path, config | {"pairs": {str(child): table.tolist() for child, table in self.pairs.items()}})

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote."""
        counts, config = cls.__new__(cls), read_json(path)
        vars(counts).update({name: config[name] for name in ("epsilon", "delta", "label", "noise_multiplier")})
        counts.columns = tuple(map(column_from_config, config["columns"]))
        counts.bins = checked_bins(counts.columns)
        for name in ("groups", "with_label"):
            setattr(counts, name, [np.array(each) for each in config[name]])
        for name in ("label_groups", "label_counts", "parents"):
            setattr(counts, name, np.array(config[name]))
        counts.pairs = {int(child): np.array(table) for child, table in config["pairs"].items()}
        return counts


def checked_bins(columns):
    """Returns the `Bins` of columns; raises `ValueError` for an identifier or a category with too many values."""
    for column in columns:
        if column.kind == "id" or len(getattr(column, "values", "")) > MAX_VALUES:
            raise ValueError(
                f"The column {column.name!r} is an identifier or has more than {MAX_VALUES:,} values, too many to count "
                "privately. Expected fewer: pool rare values, or leave the column out."
            )
    return [Bins(column) for column in columns]


class Bins:
    """The bins of a column, by a public rule from its declared range or values.

    A category has a bin per value. Numbers with at most 100 values have a bin each. Others have 100 bins of equal width, and own
    bins for the ends of the range and for 0, where many numbers often are. Missing cells have the last bin.
    """

    def __init__(self, column):
        self.column, self.is_number = column, not isinstance(column, CategoryColumn)
        if self.is_number:
            unit = None if column.decimals is None else 10.0**-column.decimals * getattr(column, "step", 1)
            low, high = column.low, column.high
            if unit and (high - low) / unit < MAX_BINS + 0.5:
                self.starts = self.ends = low + unit * np.arange(round((high - low) / unit) + 1)
            else:
                edges = np.linspace(low, high, MAX_BINS + 1)
                points = np.array(sorted({low, high, *([0.0] if low < 0 < high else [])}))
                starts, ends = np.concatenate([edges[:-1], points]), np.concatenate([edges[1:], points])
                order = np.lexsort((ends, starts + ends))
                self.starts, self.ends = starts[order], ends[order]
        else:
            self.starts = self.ends = np.arange(max(1, len(column.values)), dtype=np.float64)
        self.num = len(self.starts) + column.has_missing

    def of(self, cells):
        """Bins of cells, int64. A cell that is missing against the schema counts in the first bin."""
        missing = np.isnan(cells)
        known = np.where(missing, self.starts[0], np.clip(cells, self.starts[0], self.ends[-1]))
        is_point = self.starts == self.ends
        points, wide = np.flatnonzero(is_point), np.flatnonzero(~is_point)
        if len(wide):
            place = wide[np.clip(np.searchsorted(self.starts[wide], known, side="right") - 1, 0, len(wide) - 1)]
            nearest = points[np.abs(known[:, None] - self.starts[points]).argmin(axis=1)]
            place = np.where(self.starts[nearest] == known, nearest, place)
        else:
            place = np.clip(np.searchsorted((self.starts[1:] + self.starts[:-1]) / 2, known), 0, len(points) - 1)
        return np.where(missing & self.column.has_missing, self.num - 1, place)

    def cells(self, bins, uniform):
        """Cells of bins: uniform within a bin, missing in the last one of a column with missing cells."""
        starts, ends = np.append(self.starts, np.nan), np.append(self.ends, np.nan)
        found = starts[bins] + uniform * (ends - starts)[bins]
        return self.column.rounded(found).numpy() if self.is_number else found

    def equal_groups(self, most):
        """Groups of bins by their numbers alone; values of a category have their own."""
        num = self.num - self.column.has_missing
        own = np.arange(num) if not self.is_number or num <= most else np.arange(num) * most // num
        return np.append(own, [own[-1] + 1] * self.column.has_missing).astype(np.int64)

    def groups(self, counts, most):
        """At most `most` groups of about equal counts: of neighbouring numbers, or of rare values of a category."""
        if self.num <= most:
            return np.arange(self.num)
        if not self.is_number:
            groups = np.empty(self.num, np.int64)
            groups[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(self.num), most - 1)
            return groups
        known, most = counts[: len(self.starts)], most - self.column.has_missing
        middle = (np.cumsum(known) - known / 2) / max(known.sum(), 1e-9)
        groups = np.unique(np.minimum(middle * most, most - 1).astype(np.int64), return_inverse=True)[1]
        return np.append(groups, [groups[-1] + 1] * self.column.has_missing).astype(np.int64)  # missing cells are apart

    def intervals(self, groups):
        """Start and end of each group of known numbers, and of each bin, from -1 to 1 in its group; two lists of pairs."""
        known = groups[: len(self.starts)]
        whole = [(self.starts[known == group].min(), self.ends[known == group].max()) for group in range(known.max() + 1)]
        low, high = np.array(whole)[known].T
        inside = [2.0 * (each - low) / np.where(high > low, high - low, 1.0) - (high > low) for each in (self.starts, self.ends)]
        return [list(map(float, each)) for each in whole], np.stack(inside, axis=1).tolist() + [
            [0.0, 0.0]
        ] * self.column.has_missing


def exact_counts(codes, shape):
    """Counts of rows by their codes, a tuple of int arrays; float64 of the given shape."""
    return np.bincount(np.ravel_multi_index(codes, shape), minlength=np.prod(shape)).reshape(shape).astype(np.float64)


def nearest_counts(noised, total):
    """The nearest counts that are not negative and add up to a total."""
    descending = np.sort(noised)[::-1]
    excess = (np.cumsum(descending) - total) / np.arange(1, len(noised) + 1)
    return np.maximum(noised - excess[np.flatnonzero(descending > excess)[-1]], 0.0)


def fitted_to_margins(tables, ones, twos, rounds=20):
    """Tables of counts `(labels, ones, twos)`, scaled in turn until their sums are given ones (Deming and Stephan, 1940)."""
    for _ in range(rounds):
        tables = tables * (ones / np.maximum(tables.sum(axis=2), 1e-12))[:, :, None]
        tables = tables * (twos / np.maximum(tables.sum(axis=1), 1e-12))[:, None, :]
    return tables


def draw(chances, random):
    """An index for each row of chances, `(rows, choices)`, which need not add up to 1."""
    cumulative = np.cumsum(chances, axis=1)
    drawn = random.random((len(chances), 1)) * cumulative[:, -1:]
    return np.minimum((cumulative <= drawn).sum(axis=1), chances.shape[1] - 1)
