"""`load_table`: rows by the name of a data set, or from a CSV file."""

import decimal

import numpy as np

from gan_keras import catalogue
from gan_keras.data.table.columns import CategoryColumn, NumberColumn
from gan_keras.data.table.csv import DROP, check_types, read_table
from gan_keras.data.table.table import Table
from gan_keras.media.safe_files import check_is_file

TABLE_DATASETS = catalogue.DATASETS["table"]

_CLASS_NAMES = {"wine": "cultivar", "breast_cancer": "diagnosis"}


def load_table(name_or_path, types=None):
    """Loads a `Table` by name or from a CSV file.

    Args:
        name_or_path: A name in `TABLE_DATASETS`, or the path of a file (see `read_table`); write `./wine` for a file named
            like a data set.
        types: Types by column, for types that are not to be guessed: `number`, `category`, `date`, `date:FORMAT` or `drop`;
            for built-in sets only `drop`.

    Raises:
        FileNotFoundError: If it is neither a name nor a file.
        ValueError: If the file is not a table, or types do not fit it.
    """
    name, types = str(name_or_path), types or {}
    if name not in TABLE_DATASETS:
        check_is_file(name_or_path, "Tables", TABLE_DATASETS)
        return read_table(name_or_path, types)
    table = _built_in(name)
    check_types(types, table.column_names)
    for column, type_ in types.items():
        if type_ != DROP:
            raise ValueError(f"types.{column}={type_} for {name}, whose types are known. Expected none, or drop.")
    kept = [index for index, column in enumerate(table.columns) if column.name not in types]
    return Table(name, tuple(table.columns[index] for index in kept), table.cells[:, kept], {}).described()


def _built_in(name):
    """The measurements, then the class as the last column."""
    from sklearn import datasets

    found = {"wine": datasets.load_wine, "breast_cancer": datasets.load_breast_cancer}[name]()
    measured = []
    for title, cells in zip(found.feature_names, found.data.T, strict=True):
        decimals = max(max(0, -decimal.Decimal(repr(float(cell))).normalize().as_tuple().exponent) for cell in cells)
        title = str(title).replace(" ", "_").replace("/", "_")
        measured.append(NumberColumn(title, False, float(cells.min()), float(cells.max()), decimals))
    names = tuple(str(each) for each in found.target_names)
    order = np.argsort(np.argsort(names))  # values of a category are sorted
    category = CategoryColumn(_CLASS_NAMES[name], False, tuple(sorted(names)))
    return Table(name, (*measured, category), np.column_stack([found.data, order[found.target]]).astype(np.float64), {})
