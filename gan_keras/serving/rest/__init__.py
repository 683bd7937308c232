"""TensorFlow Serving's REST API: `handler.rest` answers a request; the `json_*` modules implement its dialect of JSON."""
