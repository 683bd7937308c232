"""Answers to GET: the status of a model's versions, and the signatures of one version.

Reference: `ToJsonString` of `http_rest_api_util.cc`, which prints protocol messages with their fields' own names.
"""

import json

from google.protobuf import json_format

from gan_keras.serving.rest.json_text import to_bytes


def write_statuses(statuses):
    """The JSON of a list of `VersionState`, as bytes."""
    return _printed({"model_version_status": [_status(status) for status in statuses]})


def write_metadata(version):
    """The JSON of the signatures of a `Version`, those that TensorFlow adds for itself included, as bytes."""
    signatures = {name: _message(signature) for name, signature in version.signatures.items()}
    return _printed(
        {
            "model_spec": {"name": version.name, "signature_name": "", "version": str(version.number)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
    )


def _status(status):
    error = {"error_code": status.code.name, "error_message": status.message}
    return {"version": str(status.number), "state": status.state, "status": error}


def _message(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _printed(value):
    return to_bytes(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
