"""Which version answers, and what a server says of its models: status and metadata."""

from rest_cases import Case, error, get, json_with, post, predict, rows, same_json
from rest_path_cases import AVAILABLE, STATUSES

from gan_keras.serving.errors import PREDICT_ONLY

HANDLER, PATHS = "model_servers/http_rest_api_handler.cc", "model_servers/http_rest_api_util.cc"
HANDLER_TEST = "model_servers/http_rest_api_handler_test.cc"
FIRST = {"model_version_status": [{"version": "1", **AVAILABLE}]}

VERSIONS = [
    Case(
        "the latest version",
        f"{HANDLER_TEST}:335",
        predict("half", {"instances": [[1.0, 2.0], [3.0, 4.0]]}),
        200,
        rows("[3.5, 4.0], [4.5, 5.0]"),
    ),
    Case(
        "a version by number", f"{HANDLER_TEST}:345", predict("half/versions/1", {"instances": [1.0, 2.0]}), 200, rows("2.5, 3.0")
    ),
    Case(
        "a version by label",
        f"{HANDLER_TEST}:355",
        predict("half/labels/stable", {"instances": [1.0, 2.0]}),
        200,
        rows("2.5, 3.0"),
    ),
    Case(
        "an unknown model",
        f"{HANDLER_TEST}:265",
        predict("foo", {"instances": [1]}),
        404,
        error("Servable not found for request: Latest(foo)"),
    ),
    Case(
        "an unknown model and version",
        f"{HANDLER_TEST}:271",
        predict("foo/versions/50", {"instances": [1]}),
        404,
        error("Servable not found for request: Specific(foo, 50)"),
    ),
    Case(
        "an unknown version",
        "core/basic_manager.cc:139",
        predict("half/versions/99", {"instances": [1]}),
        404,
        error("Servable not found for request: Specific(half, 99)"),
    ),
    Case(
        "an unknown label",
        "model_servers/server_core.cc:891",
        predict("half/labels/none", {"instances": [1]}),
        400,
        error("Unrecognized servable version label: none"),
    ),
    Case(
        "an unknown model and label",
        "model_servers/server_core.cc:891",
        predict("foo/labels/none", {"instances": [1]}),
        400,
        error("Unrecognized servable version label: none"),
    ),
    Case(
        "a label of a version that is not there",
        "core/basic_manager.cc:139",
        predict("half/labels/lost", {"instances": [1]}),
        404,
        error("Servable not found for request: Specific(half, 9)"),
    ),
    Case(
        "a model that does not load",
        "core/basic_manager.cc:139",
        predict("broken", {"instances": [1]}),
        404,
        error("Servable not found for request: Latest(broken)"),
    ),
    Case(
        "JSON is read before the model is looked for",
        f"{HANDLER}:165",
        predict("foo", "{"),
        400,
        error("JSON Parse error: Missing a name for object member. at offset: 1"),
    ),
    Case(
        "classify is not implemented, whatever the body",
        "model_servers/http_server.cc:66",
        post("half:classify", '{"examples": [{"x": 2.0}]}'),
        501,
        error(PREDICT_ONLY),
    ),
    Case(
        "regress is not implemented",
        "model_servers/http_server.cc:66",
        post("foo/versions/7:regress", ""),
        501,
        error(PREDICT_ONLY),
    ),
]

STATUS = [
    Case("all versions, the highest first", "core/servable_state_monitor.h:69", get("half"), 200, same_json(STATUSES)),
    Case("the status of one version", f"{HANDLER_TEST}:473", get("half/versions/1"), 200, same_json(FIRST)),
    Case(
        "a label is not looked at",
        "model_servers/get_model_status_impl.cc:102",
        get("half/labels/stable"),
        200,
        same_json(STATUSES),
    ),
    Case("metadata in capitals is a status", f"{HANDLER}:98", get("half/METADATA"), 200, same_json(STATUSES)),
    Case(
        "the status of an unknown model",
        "model_servers/get_model_status_impl.cc:99",
        get("foo"),
        404,
        error("Could not find any versions of model foo"),
    ),
    Case(
        "the status of an unknown version",
        "model_servers/get_model_status_impl.cc:89",
        get("half/versions/99"),
        404,
        error("Could not find version 99 of model half"),
    ),
    Case(
        "the status of a version that does not load",
        "model_servers/get_model_status_impl.cc:61",
        get("broken"),
        200,
        json_with(r'"version": "7",\s+"state": "END",\s+"status": \{\s+"error_code": "DATA_LOSS"'),
    ),
    Case(
        "metadata of an unknown model",
        "core/basic_manager.cc:139",
        get("foo/metadata"),
        404,
        error("Servable not found for request: Latest(foo)"),
    ),
    Case(
        "metadata of an unknown label",
        "model_servers/server_core.cc:891",
        get("half/labels/none/metadata"),
        400,
        error("Unrecognized servable version label: none"),
    ),
]


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
]

CASES = VERSIONS + STATUS + METADATA
