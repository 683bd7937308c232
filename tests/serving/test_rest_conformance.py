"""REST answers compared with TensorFlow Serving's sources, case by case, through the real core and a worker process."""

import re

import pytest
import rest_column_cases
import rest_model_cases
import rest_path_cases
import rest_row_cases
import rest_value_cases

from gan_keras.serving.rest.handler import rest

TABLES = (rest_path_cases, rest_model_cases, rest_row_cases, rest_column_cases, rest_value_cases)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_answers_are_those_of_tensorflow_serving(table, core):
    for case in table.CASES:
        response = rest(core, *case.request)
        assert response.status == case.status, (case.name, response.body)
        assert dict(response.headers).get("Content-Type") == case.content_type, case.name
        try:
            case.check(response.body)
        except AssertionError as error:
            raise AssertionError(f"{case.name}: {error}") from error


def test_each_case_has_its_own_name_and_a_line_in_the_sources():
    cases = [(table.__name__, case.name) for table in TABLES for case in table.CASES]
    assert len(set(cases)) == len(cases) >= 90
    sources = [case.source for table in TABLES for case in table.CASES]
    assert [source for source in sources if not re.search(r"\.(cc|h|c|json):\d+$", source)] == []
