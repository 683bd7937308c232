"""The REST API of TensorFlow Serving: `handler.rest` answers a request, and `json_*` are its dialect of JSON."""
