"""The REST API against what TensorFlow Serving's sources say, case by case, through the real core and a worker process."""

import collections
import re

import pytest
import rest_column_cases
import rest_model_cases
import rest_path_cases
import rest_row_cases
import rest_value_cases

from gan_keras.serving.rest.handler import rest

TABLES = (rest_path_cases, rest_model_cases, rest_row_cases, rest_column_cases, rest_value_cases)
CASES = [pytest.param(case, id=f"{table.__name__[5:-6]}: {case.name}") for table in TABLES for case in table.CASES]


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_that_of_tensorflow_serving(case, core):
    response = rest(core, *case.request)
    assert response.status == case.status, response.body
    assert dict(response.headers).get("Content-Type") == case.content_type
    case.check(response.body)


def test_each_case_has_its_own_name_and_a_line_to_look_up():
    assert len(CASES) >= 90
    assert [name for name, count in collections.Counter(param.id for param in CASES).items() if count > 1] == []
    assert [param.id for param in CASES if not re.search(r"\.(cc|h|c|json):\d+$", param.values[0].source)] == []
