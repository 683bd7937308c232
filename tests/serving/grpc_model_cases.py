"""GetModelMetadata, GetModelStatus and HandleReloadConfigRequest."""

from grpc_cases import Case, Error, invalid, spec


def status(version):
    return f"model_version_status {{ version: {version} state: AVAILABLE status {{ }} }}\n"


def config(name, base_path="/models/m", platform="tensorflow"):
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "{platform}" }}'


def reload(*configs):
    return f"config {{ model_config_list {{ {' '.join(configs)} }} }}"


METADATA, STATUS = "servables/tensorflow/get_model_metadata_impl.cc", "model_servers/get_model_status_impl.cc"
STATUS_TEST, CORE = "model_servers/get_model_status_impl_test.cc", "model_servers/server_core.cc"
CASES = [
    Case(
        "metadata without a field is refused",
        "GetModelMetadata",
        spec("half"),
        invalid("GetModelMetadataRequest must specify at least one metadata_field"),
        f"{METADATA}: ValidateGetModelMetadataRequest",
    ),
    Case(
        "metadata of another field is refused",
        "GetModelMetadata",
        spec("half") + 'metadata_field: "signature_def" metadata_field: "weights"',
        invalid("Metadata field weights is not supported"),
        f"{METADATA}: is not supported",
    ),
    Case(
        "the field is looked at before the model",
        "GetModelMetadata",
        spec("nobody") + 'metadata_field: "weights"',
        invalid("Metadata field weights is not supported"),
        f"{METADATA}: ValidateGetModelMetadataRequest(request)",
    ),
    Case(
        "metadata without a model is refused",
        "GetModelMetadata",
        'metadata_field: "signature_def"',
        invalid("Missing ModelSpec"),
        f"{METADATA}: Missing ModelSpec",
    ),
    Case(
        "an unknown model has no metadata",
        "GetModelMetadata",
        spec("nobody") + 'metadata_field: "signature_def"',
        Error("NOT_FOUND", "Servable not found for request: Latest(nobody)"),
        f"{METADATA}: GetServableHandle",
    ),
    Case(
        "the status is of all versions, the highest first",
        "GetModelStatus",
        spec("half"),
        status(2) + status(1),
        "core/servable_state_monitor.h: std::greater",
    ),
    Case(
        "the status of one version is asked for",
        "GetModelStatus",
        spec("half", version=1),
        status(1),
        f"{STATUS_TEST}: SingleVersionSuccess",
    ),
    Case(
        "a label does not narrow the status",
        "GetModelStatus",
        spec("half", label="stable"),
        status(2) + status(1),
        f"{STATUS}: model_spec.has_version()",
    ),
    Case(
        "the number of a version is that of its directory",
        "GetModelStatus",
        spec("more"),
        status(123),
        "sources/storage_path/file_system_storage_path_source.cc: ParseVersionNumber",
    ),
    Case(
        "an unknown model has no status",
        "GetModelStatus",
        spec("nobody"),
        Error("NOT_FOUND", "Could not find any versions of model nobody"),
        f"{STATUS_TEST}: InvalidModelNameFailure",
    ),
    Case(
        "an unknown version has no status",
        "GetModelStatus",
        spec("half", version=7),
        Error("NOT_FOUND", "Could not find version 7 of model half"),
        f"{STATUS_TEST}: InvalidModelVersionFailure",
    ),
    Case(
        "a status without a model is refused",
        "GetModelStatus",
        "",
        invalid("Missing ModelSpec"),
        f"{STATUS_TEST}: MissingOrEmptyModelSpecFailure",
    ),
    Case(
        "a configuration of nothing is refused",
        "HandleReloadConfigRequest",
        "",
        invalid("ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported"),
        "model_servers/model_service_impl.cc: ServerModelConfig type not supported by HandleReloadConfigRequest.",
    ),
    Case(
        "a model that is configured twice is refused",
        "HandleReloadConfigRequest",
        reload(config("m"), config("m")),
        invalid("Illegal to list model m multiple times in config list"),
        f"{CORE}: multiple times in config list",
    ),
    Case(
        "a relative path is refused",
        "HandleReloadConfigRequest",
        reload(config("m", "models/m")),
        invalid("Expected model m to have an absolute path or URI; got base_path()=models/m"),
        f"{CORE}: to have an absolute path or URI; got base_path()=",
    ),
    Case(
        "another platform is refused",
        "HandleReloadConfigRequest",
        reload(config("m", platform="sklearn")),
        invalid("Model m requests unsupported platform sklearn"),
        f"{CORE}: requests unsupported platform ",
    ),
    Case(
        "a model without a platform is refused",
        "HandleReloadConfigRequest",
        reload(config("m", platform="")),
        invalid(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
            "model name is m"
        ),
        f"{CORE}: Illegal setting neither ModelServerConfig::model_type (deprecated) ",
    ),
]
