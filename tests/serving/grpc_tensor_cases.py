"""Predict: tensors of every dtype, and malformed ones."""

import numpy as np
from fixture_models import DTYPES
from grpc_cases import Case, answer, escaped, invalid, spec, tensor

VALUES = {  # the extremes of each dtype
    **{name: [0.0, -1.5, np.inf] for name in ("float", "double", "half", "bfloat16")},
    **{name: [np.iinfo(name).min, np.iinfo(name).max] for name in DTYPES if name.lstrip("u").startswith("int")},
    **{"complex64": [1 + 2j, -0.5j], "bool": [True, False], "string": [b"", b"\xff\x00", "ä".encode()]},
}
MALFORMED = {
    "no dtype": "tensor_shape { dim { size: 1 } } float_val: 1",
    "a dtype of no tensor": "dtype: DT_FLOAT_REF tensor_shape { dim { size: 1 } } float_val: 1",
    "a size below 0": "dtype: DT_FLOAT tensor_shape { dim { size: -1 } } float_val: 1",
    "content that is too short": r'dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: "\000\000\000\000"',
    "text content without lengths": r'dtype: DT_STRING tensor_shape { dim { size: 2 } } tensor_content: "\377"',
    "sizes that multiply beyond all numbers": "dtype: DT_FLOAT tensor_shape { dim { size: 4294967296 } "
    "dim { size: 4294967296 } } float_val: 1",
}
_FIELDS = {"float": "float_val", "double": "double_val", "string": "string_val", "int64": "int64_val", "bool": "bool_val"}
_FIELDS |= {"complex64": "scomplex_val", "uint32": "uint32_val", "uint64": "uint64_val"}
_FIELDS |= {"half": "half_val", "bfloat16": "half_val"}


def typed(dtype):
    """The extreme values of a dtype in its typed field, as text."""
    values = VALUES[dtype]
    if dtype == "string":
        return " ".join(f'string_val: "{escaped(value)}"' for value in values)
    if dtype == "complex64":
        values = [part for value in values for part in (complex(value).real, complex(value).imag)]
    elif dtype == "half":
        values = np.array(values, np.float16).view(np.uint16).tolist()
    elif dtype == "bfloat16":  # the upper half of a float
        values = (np.array(values, np.float32).view(np.uint32) >> 16).tolist()
    return " ".join(f"{_FIELDS.get(dtype, 'int_val')}: {str(value).lower()}" for value in values)


CASES = [
    *(
        Case(
            f"a tensor with {name} is refused",
            spec("half") + f'inputs {{ key: "x" value {{ {text} }} }}',
            invalid("tensor parsing error: x"),
            "tensorflow/cc/saved_model/util.cc: tensor parsing error: ",
        )
        for name, text in MALFORMED.items()
    ),
    *(
        Case(
            f"{dtype} goes in and out in its typed field",
            spec("dtypes", dtype) + tensor("x", f"DT_{dtype.upper()}", [len(VALUES[dtype])], typed(dtype)),
            answer(
                tensor("y", f"DT_{dtype.upper()}", [len(VALUES[dtype])], typed(dtype), "outputs"),
                name="dtypes",
                version=1,
                signature=dtype,
            ),
            "servables/tensorflow/predict_util.cc: AsProtoField",
        )
        for dtype in DTYPES
    ),
]
