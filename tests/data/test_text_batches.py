import numpy as np
import pytest

from gan_keras.codecs import WordCodec
from gan_keras.codecs.text import PADDING
from gan_keras.data import text_batches
from refusals import refused

LINES = [" ".join(["word"] * (1 + i % 9)) + f" n{i}" for i in range(500)]


@pytest.fixture(scope="module")
def codec():
    codec = WordCodec()
    codec.adapt(LINES)
    return codec


def test_every_line_occurs_once_per_epoch_in_an_order_by_seed_and_epoch(codec):
    dataset = text_batches(LINES, codec, 32)
    epochs = [[text.decode() for batch in dataset for text in codec.decode(batch).numpy()] for _ in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(LINES) and epochs[0] != epochs[1]
    assert int(dataset.cardinality()) == len(list(dataset)) == 16
    first, same, other = ([batch.numpy().tolist() for batch in text_batches(LINES, codec, 32, seed=s)] for s in (1, 1, 2))
    assert first == same != other


def test_buckets_leave_little_padding(codec):
    padding = [np.mean(batch.numpy() == PADDING) for batch in text_batches(LINES, codec, 32)]
    assert np.mean(padding) < 0.06 and np.mean(np.asarray(codec.encode(LINES)) == PADDING) > 0.3


def test_labels_stay_with_their_lines_and_must_be_equal_in_number(codec):
    for tokens, labels in text_batches(LINES, codec, 32, labels=np.arange(500)):
        assert [f"n{label}" for label in labels.numpy()] == [t.decode().split()[-1] for t in codec.decode(tokens).numpy()]
    refused("2 lines, 3 labels", text_batches, LINES[:2], codec, labels=[0, 1, 0])
