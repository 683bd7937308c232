"""The version that answers, and the status and metadata of models."""

from rest_cases import Case, error, error_like, get, json_with, predict, rows, same_json
from rest_path_cases import AVAILABLE, STATUSES

HANDLER, PATHS = "model_servers/http_rest_api_handler.cc", "model_servers/http_rest_api_util.cc"
HANDLER_TEST = "model_servers/http_rest_api_handler_test.cc"
FIRST = {"model_version_status": [{"version": "1", **AVAILABLE}]}

SERVER, MANAGER = "model_servers/server_core.cc", "core/basic_manager.cc"
STATUS_IMPL = "model_servers/get_model_status_impl.cc"


def answered(name, source, path, values, text):
    return Case(name, source, predict(path, {"instances": values}), 200, rows(text))


def not_found(name, source, path, servable):
    message = f"Servable not found for request: {servable}"
    return Case(name, source, predict(path, {"instances": [1]}), 404, error(message))


def unknown_label(name, request):
    return Case(name, f"{SERVER}:891", request, 400, error("Unrecognized servable version label: none"))


VERSIONS = [
    answered("the latest version", f"{HANDLER_TEST}:335", "half", [[1.0, 2.0], [3.0, 4.0]], "[3.5, 4.0], [4.5, 5.0]"),
    answered("a version by number", f"{HANDLER_TEST}:345", "half/versions/1", [1.0, 2.0], "2.5, 3.0"),
    answered("a version by label", f"{HANDLER_TEST}:355", "half/labels/stable", [1.0, 2.0], "2.5, 3.0"),
    not_found("an unknown model", f"{HANDLER_TEST}:265", "foo", "Latest(foo)"),
    not_found("an unknown model and version", f"{HANDLER_TEST}:271", "foo/versions/50", "Specific(foo, 50)"),
    not_found("an unknown version", f"{MANAGER}:139", "half/versions/99", "Specific(half, 99)"),
    not_found("a label of a missing version", f"{MANAGER}:139", "half/labels/lost", "Specific(half, 9)"),
    not_found("a model that does not load", f"{MANAGER}:139", "broken", "Latest(broken)"),
    unknown_label("an unknown label", predict("half/labels/none", {"instances": [1]})),
    unknown_label("an unknown model and label", predict("foo/labels/none", {"instances": [1]})),
    Case("JSON is parsed before the model is looked up", f"{HANDLER}:165", predict("foo", "{"), 400,
        error_like("The body is no JSON")),
]  # fmt: skip


def reported(name, source, path, check):
    return Case(name, source, get(path), 200, check)


def unknown(name, source, path, message):
    return Case(name, source, get(path), 404, error(message))


DAMAGED = r'"version": "7",\s+"state": "END",\s+"status": \{\s+"error_code": "DATA_LOSS"'
STATUS = [
    reported("all versions, highest first", "core/servable_state_monitor.h:69", "half", same_json(STATUSES)),
    reported("the status of one version", f"{HANDLER_TEST}:473", "half/versions/1", same_json(FIRST)),
    reported("a label is ignored", f"{STATUS_IMPL}:102", "half/labels/stable", same_json(STATUSES)),
    reported("metadata in capitals is a status", f"{HANDLER}:98", "half/METADATA", same_json(STATUSES)),
    reported("the status of a version that does not load", f"{STATUS_IMPL}:61", "broken", json_with(DAMAGED)),
    unknown("the status of an unknown model", f"{STATUS_IMPL}:99", "foo", "Could not find any versions of model foo"),
    unknown("the status of an unknown version", f"{STATUS_IMPL}:89", "half/versions/99",
        "Could not find version 99 of model half"),
    unknown("metadata of an unknown model", f"{MANAGER}:139", "foo/metadata", "Servable not found for request: Latest(foo)"),
    unknown_label("metadata of an unknown label", get("half/labels/none/metadata")),
]  # fmt: skip


def tensor(name, dtype, *sizes):
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {"name": name, "dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": not sizes}}


def signature(method, inputs, outputs):
    return {"inputs": inputs, "outputs": outputs, "method_name": f"tensorflow/serving/{method}", "defaults": {}}


SERIALIZED, Y = {"inputs": tensor("tf_example:0", "DT_STRING")}, tensor("y:0", "DT_FLOAT", -1, 1)
SIGNATURES = {
    "serving_default": signature("predict", {"x": tensor("x:0", "DT_FLOAT", -1, 1)}, {"y": Y}),
    "regress_x_to_y": signature("regress", SERIALIZED, {"outputs": Y}),
    "classify_x_to_y": signature("classify", SERIALIZED, {"scores": Y}),
}


def metadata(version):
    spec = {"name": "half", "signature_name": "", "version": version}
    return same_json({"model_spec": spec, "metadata": {"signature_def": {"signature_def": SIGNATURES}}})


METADATA_JSON = "servables/tensorflow/testdata/saved_model_half_plus_two_2_versions_metadata.json"
METADATA = [
    Case("metadata of the latest version", f"{METADATA_JSON}:1", get("half/metadata"), 200, metadata("2")),
    Case("metadata of a version", f"{METADATA_JSON}:5", get("half/versions/1/metadata"), 200, metadata("1")),
    Case("metadata of a label name its version", f"{PATHS}:162", get("half/labels/stable/metadata"), 200, metadata("1")),
]  # fmt: skip

CASES = VERSIONS + STATUS + METADATA
