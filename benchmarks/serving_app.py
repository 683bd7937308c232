"""A server as a user might write it: FastAPI around `tf.saved_model.load`, for comparison with `gan-keras serve`.

Run: `python benchmarks/serving_app.py FOLDER PORT` (needs `pip install fastapi uvicorn`). `POST /MODEL` with
`{"seed": [1, 2]}` returns `{"predictions": [...]}`.
"""

import pathlib
import sys

import tensorflow as tf
import tensorflow_text  # noqa: F401
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Request(BaseModel):
    seed: list[int]


def make_app(folder):
    app = FastAPI()
    models = {path.name: tf.saved_model.load(str(newest(path))) for path in folder.iterdir() if path.is_dir()}

    @app.post("/{model}")
    def predict(model: str, request: Request):
        outputs = models[model].signatures["serving_default"](seed=tf.constant(request.seed, tf.int64))
        (values,) = outputs.values()
        return {"predictions": values.numpy().tolist()}

    return app


def newest(path):
    return max((child for child in path.iterdir() if child.name.isdecimal()), key=lambda child: int(child.name))


if __name__ == "__main__":
    uvicorn.run(make_app(pathlib.Path(sys.argv[1])), port=int(sys.argv[2]), log_level="warning")
