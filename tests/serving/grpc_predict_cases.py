"""Predict: models, versions, signatures, inputs and outputs."""

from grpc_cases import Case, Error, answer, floats, invalid, spec, tensor

PREDICT = "servables/tensorflow/predict_util.cc"


CASES = [
    Case(
        "the latest version and the default signature answer unless others are requested",
        spec("half") + floats("x", 2, 4),
        answer(floats("y", 4, 5, field="outputs")),
        "servables/tensorflow/predict_impl_test.cc: PredictionSuccess",
    ),
    Case(
        "a version is requested by number",
        spec("half", version=1) + floats("x", 2),
        answer(floats("y", 3, field="outputs"), version=1),
        "model_servers/server_core.cc: ModelSpec::kVersion",
    ),
    Case(
        "a version is requested by label, and the answer contains its number",
        spec("half", label="stable") + floats("x", 2),
        answer(floats("y", 3, field="outputs"), version=1),
        "model_servers/server_core.cc: GetModelVersionForLabel",
    ),
    Case(
        "an unknown label is refused",
        spec("half", label="newest") + floats("x", 2),
        invalid("Unrecognized servable version label: newest"),
        "model_servers/server_core.cc: Unrecognized servable version label: ",
    ),
    Case(
        "a label of a version that is not there finds nothing",
        spec("half", label="lost") + floats("x", 2),
        Error("NOT_FOUND", "Servable not found for request: Specific(half, 9)"),
        "model_servers/server_core.cc: ServableRequest::Specific(model_spec.name(), version)",
    ),
    Case(
        "a label of a model that is not there is an unknown label",
        spec("nobody", label="stable"),
        invalid("Unrecognized servable version label: stable"),
        "model_servers/server_core.cc: GetModelVersionForLabel",
    ),
    Case(
        "an unknown model is not found",
        spec("nobody") + floats("x", 2),
        Error("NOT_FOUND", "Servable not found for request: Latest(nobody)"),
        "core/basic_manager.cc: Servable not found for request: ",
    ),
    Case(
        "an unknown version is not found",
        spec("half", version=9) + floats("x", 2),
        Error("NOT_FOUND", "Servable not found for request: Specific(half, 9)"),
        "core/manager.h: Specific(",
    ),
    Case(
        "version 0 is requested like any other",
        spec("half", version=0) + floats("x", 2),
        Error("NOT_FOUND", "Servable not found for request: Specific(half, 0)"),
        "model_servers/server_core.cc: ServableRequest::Specific(",
    ),
    Case(
        "a request without a model is refused",
        floats("x", 2),
        invalid("Missing ModelSpec"),
        "servables/tensorflow/predict_impl_test.cc: MissingOrEmptyModelSpec",
    ),
    Case(
        "a model without a name is refused",
        "model_spec { }",
        invalid("ModelSpec has no name specified."),
        "model_servers/server_core.cc: ModelSpec has no name specified.",
    ),
    Case(
        "an unknown signature is a failed precondition",
        spec("half", "none") + floats("x", 2),
        Error("FAILED_PRECONDITION", 'Serving signature key "none" not found.'),
        f"{PREDICT}: Serving signature key",
    ),
    Case(
        "a request without inputs is refused",
        spec("half", version=1),
        invalid("input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}."),
        f"{PREDICT}: VerifyRequestInputsSize",
    ),
    Case(
        "a request with an input too many is refused",
        spec("half") + floats("z", 1) + floats("x", 2),
        invalid("input size does not match signature: 2!=1 len({x,z}) != len({x}). Sent extra: {z}. Missing but required: {}."),
        f"{PREDICT}: VerifyRequestInputsSize",
    ),
    Case(
        "a request with an input of another name is refused",
        spec("half") + floats("z", 1),
        invalid(
            "Signature input alias: x(feed name: x:0) not found in request and no default value provided. "
            "Inputs expected to be in the request {z}, or default input alias set: "
        ),
        "tensorflow/cc/saved_model/util.cc: GetInputValues",
    ),
    Case(
        "an input that has a default value may be left out",
        spec("more") + floats("a", 1, 2) + 'output_filter: "sum"',
        answer(floats("sum", 11, 22, field="outputs"), name="more", version=123),
        "tensorflow/cc/saved_model/util.cc: GetInputValues",
    ),
    Case(
        "an input without a default value may not be left out where another has one",
        spec("more") + floats("b", 3),
        invalid(
            "Signature input alias: a(feed name: serving_default_a:0) not found in request and no default value provided. "
            "Inputs expected to be in the request {b}, or default input alias set: b"
        ),
        "tensorflow/cc/saved_model/util.cc: GetInputValues",
    ),
    Case(
        "an input that is unknown is refused where the others have default values",
        spec("more") + floats("a", 3) + floats("z", 3),
        invalid("Inputs contains invalid name. Used request inputs: a, request input: a,z"),
        "tensorflow/cc/saved_model/util.cc: GetInputValues",
    ),
    Case(
        "all outputs come back, and an input that is given goes before its default value",
        spec("more") + floats("a", 1, 2) + floats("b", 3, 4),
        answer(
            floats("sum", 4, 6, field="outputs"),
            tensor("texts", "DT_STRING", [2], 'string_val: "1" string_val: "2"', "outputs"),
            name="more",
            version=123,
        ),
        f"{PREDICT}: When no output is specified, fetch all output tensors",
    ),
    Case(
        "an output is requested by name",
        spec("more") + floats("a", 7) + floats("b", 0) + 'output_filter: "texts"',
        answer(tensor("texts", "DT_STRING", [1], 'string_val: "7"', "outputs"), name="more", version=123),
        f"{PREDICT}: output_filter",
    ),
    Case(
        "an unknown output is refused",
        spec("more") + floats("a", 7) + floats("b", 0) + 'output_filter: "none"',
        invalid("output tensor alias not found in signature: none Outputs expected to be in the set {sum,texts}."),
        f"{PREDICT}: output tensor alias not found in signature: ",
    ),
    Case(
        "an output that is requested twice is refused",
        spec("half") + floats("x", 7) + 'output_filter: "y" output_filter: "y"',
        invalid("duplicate output tensor alias: y"),
        f"{PREDICT}: duplicate output tensor alias: ",
    ),
    Case(
        "an input of another dtype is refused",
        spec("half") + tensor("x", "DT_STRING", [1], 'string_val: "any_key"'),
        invalid("Expects arg[0] to be float but string is provided"),
        "servables/tensorflow/predict_util_test.cc: Expects arg[0] to be float but bool is provided",
    ),
    Case(
        "an input of another rank is refused by the graph, if it has a guard",
        spec("more", "guarded") + tensor("x", "DT_FLOAT", [1, 1], "float_val: 1"),
        invalid("Shape of tensor", is_beginning=True),
        f"{PREDICT}: session->Run(",
    ),
    Case(
        "a scalar goes in and out",
        spec("half") + tensor("x", "DT_FLOAT", [], "float_val: 2"),
        answer(tensor("y", "DT_FLOAT", [], "float_val: 4", "outputs")),
        "servables/tensorflow/predict_impl_test.cc: PredictionSuccess",
    ),
    Case(
        "a signature without inputs answers",
        spec("odd", "constant"),
        answer(floats("y", 1, field="outputs"), name="odd", version=1, signature="constant"),
        "servables/tensorflow/predict_impl_test.cc: PredictionWithCustomizedSignatures",
    ),
    Case(
        "texts come back as they are, UTF-8 or not",
        spec("odd", "bytes") + tensor("text", "DT_STRING", [1], r'string_val: "\377\000\376"'),
        answer(
            tensor("text_bytes", "DT_STRING", [1], r'string_val: "\377\000\376"', "outputs"),
            name="odd",
            version=1,
            signature="bytes",
        ),
        f"{PREDICT}: AsProtoField",
    ),
    Case(
        "an empty batch goes in and out",
        spec("half") + tensor("x", "DT_FLOAT", [0], ""),
        answer(tensor("y", "DT_FLOAT", [0], "", "outputs")),
        f"{PREDICT}: AsProtoField",
    ),
    Case(
        "one value fills a shape",
        spec("half") + tensor("x", "DT_FLOAT", [3], "float_val: 2"),
        answer(floats("y", 4, 4, 4, field="outputs")),
        "tensorflow/core/framework/tensor.cc: FromProtoField",
    ),
]
