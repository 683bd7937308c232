"""`load_table`: rows by the name of a data set, or from a CSV file."""

import decimal

import numpy as np
from sklearn import datasets

from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.data.table.csv import read_table
from gan_keras.data.table.table import Table
from gan_keras.data.table.types import DROP, check_types
from gan_keras.data.text.corpus import check_is_file

TABLE_DATASETS = {
    "wine": "178 wines of scikit-learn: 13 measurements and the cultivar, a category",
    "breast_cancer": "569 tumours of scikit-learn: 30 measurements and the diagnosis, a category",
}

_LOADERS = {"wine": datasets.load_wine, "breast_cancer": datasets.load_breast_cancer}
_CLASS_NAMES = {"wine": "cultivar", "breast_cancer": "diagnosis"}


def load_table(name_or_path, types=None):
    """Loads a table by name or from a CSV file.

    Args:
        name_or_path: A name in `TABLE_DATASETS`, or the path of a file (see `table_files.read_table`); write `./wine` for a
            file named like a data set.
        types: Types by column, for those that are not to be guessed; of built-in sets only `drop`.

    Returns:
        A `Table`.

    Raises:
        FileNotFoundError: Neither a name nor a file.
        ValueError: For a file that is no table, or types that do not fit it.
    """
    name, types = str(name_or_path), types or {}
    if name not in TABLE_DATASETS:
        check_is_file(name_or_path, hint=f"Tables: {', '.join(TABLE_DATASETS)}.")
        return read_table(name_or_path, types)
    table = _built_in(name)
    check_types(types, table.column_names)
    strange = [column for column, wanted in types.items() if wanted != DROP]
    if strange:
        raise ValueError(f"types.{strange[0]}={types[strange[0]]} for {name}, whose types are known. Expected none, or drop.")
    kept = [index for index, column in enumerate(table.columns) if column.name not in types]
    return Table(name, tuple(table.columns[index] for index in kept), table.cells[:, kept], {}).described()


def _built_in(name):
    """The measurements, then the class as the last column."""
    found = _LOADERS[name]()
    measured = [
        NumberColumn(
            str(title).replace(" ", "_").replace("/", "_"), False, float(cells.min()), float(cells.max()), _decimals(cells)
        )
        for title, cells in zip(found.feature_names, found.data.T, strict=True)
    ]
    names = tuple(str(each) for each in found.target_names)
    order = np.argsort(np.argsort(names))  # values of a category are sorted
    category = CategoryColumn(_CLASS_NAMES[name], False, tuple(sorted(names)))
    return Table(name, (*measured, category), np.column_stack([found.data, order[found.target]]).astype(np.float64), {})


def _decimals(cells):
    """The most digits behind the point that one of the numbers has."""
    return max(max(0, -decimal.Decimal(repr(float(cell))).normalize().as_tuple().exponent) for cell in cells)
