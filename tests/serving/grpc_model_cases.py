"""GetModelMetadata, GetModelStatus and HandleReloadConfigRequest."""

from grpc_cases import Case, Error, invalid, spec


def status(version):
    return f"model_version_status {{ version: {version} state: AVAILABLE status {{ }} }}\n"


def config(name, base_path="/models/m", platform="tensorflow"):
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "{platform}" }}'


def reload(*configs):
    return f"config {{ model_config_list {{ {' '.join(configs)} }} }}"


def metadata(*fields):
    return Case(*fields, "GetModelMetadata")


def status_of(*fields):
    return Case(*fields, "GetModelStatus")


def reloading(*fields):
    return Case(*fields, "HandleReloadConfigRequest")


METADATA, STATUS = "servables/tensorflow/get_model_metadata_impl.cc", "model_servers/get_model_status_impl.cc"
STATUS_TEST, CORE = "model_servers/get_model_status_impl_test.cc", "model_servers/server_core.cc"
CASES = [
    metadata("metadata without a field is refused", spec("half"),
        invalid("GetModelMetadataRequest must specify at least one metadata_field"),
        f"{METADATA}: ValidateGetModelMetadataRequest"),
    metadata("metadata of another field is refused", spec("half") + 'metadata_field: "signature_def" metadata_field: "weights"',
        invalid("Metadata field weights is not supported"), f"{METADATA}: is not supported"),
    metadata("the field is looked at before the model", spec("nobody") + 'metadata_field: "weights"',
        invalid("Metadata field weights is not supported"), f"{METADATA}: ValidateGetModelMetadataRequest(request)"),
    metadata("metadata without a model is refused", 'metadata_field: "signature_def"', invalid("Missing ModelSpec"),
        f"{METADATA}: Missing ModelSpec"),
    metadata("an unknown model has no metadata", spec("nobody") + 'metadata_field: "signature_def"',
        Error("NOT_FOUND", "Servable not found for request: Latest(nobody)"), f"{METADATA}: GetServableHandle"),
    status_of("the status is of all versions, the highest first", spec("half"), status(2) + status(1),
        "core/servable_state_monitor.h: std::greater"),
    status_of("the status of one version is requested", spec("half", version=1), status(1),
        f"{STATUS_TEST}: SingleVersionSuccess"),
    status_of("a label does not narrow the status", spec("half", label="stable"), status(2) + status(1),
        f"{STATUS}: model_spec.has_version()"),
    status_of("the number of a version is that of its directory", spec("more"), status(123),
        "sources/storage_path/file_system_storage_path_source.cc: ParseVersionNumber"),
    status_of("an unknown model has no status", spec("nobody"), Error("NOT_FOUND", "Could not find any versions of model nobody"),
        f"{STATUS_TEST}: InvalidModelNameFailure"),
    status_of("an unknown version has no status", spec("half", version=7),
        Error("NOT_FOUND", "Could not find version 7 of model half"), f"{STATUS_TEST}: InvalidModelVersionFailure"),
    status_of("a status without a model is refused", "", invalid("Missing ModelSpec"),
        f"{STATUS_TEST}: MissingOrEmptyModelSpecFailure"),
    reloading("a configuration of nothing is refused", "",
        invalid("ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported"),
        "model_servers/model_service_impl.cc: ServerModelConfig type not supported by HandleReloadConfigRequest."),
    reloading("a model that is configured twice is refused", reload(config("m"), config("m")),
        invalid("Illegal to list model m multiple times in config list"), f"{CORE}: multiple times in config list"),
    reloading("a relative path is refused", reload(config("m", "models/m")),
        invalid("Expected model m to have an absolute path or URI; got base_path()=models/m"),
        f"{CORE}: to have an absolute path or URI; got base_path()="),
    reloading("another platform is refused", reload(config("m", platform="sklearn")),
        invalid("Model m requests unsupported platform sklearn"), f"{CORE}: requests unsupported platform "),
    reloading("a model without a platform is refused", reload(config("m", platform="")),
        invalid("Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
            "model name is m"), f"{CORE}: Illegal setting neither ModelServerConfig::model_type (deprecated) "),
]  # fmt: skip
