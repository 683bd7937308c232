"""The reader of tables and series: files of delimited text, packed or not, Parquet files and data frames, by pandas."""

import pathlib

from gan_keras.data.table.text_file import Frame, TextFile, distinct
from gan_keras.media.file_kinds import open_bytes


def read_frame(source, as_text=()):
    """Reads a path or a `pandas.DataFrame` into a `Frame`.

    Args:
        source: Delimited text (`,`, `;`, tab or `|`), maybe packed (`.gz`, `.bz2`, `.xz`, `.zip`); UTF-8, UTF-16 or, as reported,
            Windows-1252; `.parquet`; or a data frame.
        as_text: Names of columns to read as they are written, whatever they look like.

    Raises:
        ValueError: If the source is not a table.
        ImportError: If a Parquet file needs a package that is not installed.
    """
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return _of_frame(source)
    path = pathlib.Path(source)
    with open_bytes(path) as file:
        is_parquet = file.peek(4)[:4] == b"PAR1"
    return _of_parquet(path) if is_parquet else TextFile(path).frame(set(as_text))


def _of_frame(data, name="data frame"):
    import pandas as pd

    if isinstance(data.columns, pd.MultiIndex):
        data = data.set_axis([" ".join(map(str, each)) for each in data.columns], axis=1)
    is_plain = isinstance(data.index, pd.RangeIndex) and data.index.name is None
    index = ()
    if not is_plain:
        names = [
            str(each) if each is not None else f"index{'' if number == 0 else number}"
            for number, each in enumerate(data.index.names)
        ]
        data, index = data.rename_axis(index=names).reset_index(), tuple(names)
    names, report = distinct([str(each).strip() for each in data.columns])
    if not len(data.columns):
        raise ValueError(f"The {name} has no columns. Expected at least one.")
    others = {name: each for name, each in zip(names, data.columns, strict=True) if isinstance(each, int)}
    return Frame(name, data.set_axis(names, axis=1), report, {}, index, others)


def _of_parquet(path):
    import pandas as pd

    try:
        data = pd.read_parquet(path)
    except ImportError as error:
        raise ImportError(
            f'{path} is a Parquet file, which needs pyarrow. Install it: pip install "gan_keras[parquet]"; or write it as CSV.'
        ) from error
    except Exception as error:  # pyarrow raises errors of its own
        raise ValueError(f"{path} cannot be read as a Parquet file: {error}. Expected one, or a CSV file.") from error
    return _of_frame(data, path.name)._replace(name=path.name)
