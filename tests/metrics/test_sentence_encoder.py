"""The sentence encoder: a small one with random weights next to a slow computation, and the packaged one if installed."""

import importlib.util
import json
import math
import struct

import numpy as np
import pytest

from gan_keras.metrics import SentenceEncoder
from gan_keras.metrics.sentence_encoder import INSTALL, PACKAGE, words_of
from refusals import refused

WIDTH, HEADS, INNER, LAYERS = 8, 2, 12, 2
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "cat", "##s", "sing", "##ing", ".", "cafe", "山"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder as the package has it, and its weights."""
    path, random = tmp_path_factory.mktemp("encoder") / "model", np.random.default_rng(0)
    names = {"word_embeddings.weight": (len(PIECES), WIDTH), "position_embeddings.weight": (20, WIDTH)}
    shapes = {f"embeddings.{name}": shape for name, shape in {**names, "token_type_embeddings.weight": (2, WIDTH)}.items()}
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        start = f"encoder.layer.{layer}"
        denses = {f"attention.{part}": (WIDTH, WIDTH) for part in ("self.query", "self.key", "self.value", "output.dense")}
        for name, shape in {**denses, "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER)}.items():
            shapes |= {f"{start}.{name}.weight": shape, f"{start}.{name}.bias": shape[:1]}
        norms += [f"{start}.attention.output.LayerNorm", f"{start}.output.LayerNorm"]
    shapes |= {f"{name}.{part}": (WIDTH,) for name in norms for part in ("weight", "bias")}
    weights = {name: random.normal(0.0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, value in weights.items():
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [offset, offset := offset + value.nbytes]}
    text = json.dumps(header).encode()
    path.mkdir()
    content = struct.pack("<Q", len(text)) + text + b"".join(value.tobytes() for value in weights.values())
    (path / "model.safetensors").write_bytes(content)
    (path / "vocab.txt").write_text("\n".join(PIECES), "utf-8")
    config = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "layer_norm_eps": 1e-12}
    (path / "config.json").write_text(json.dumps(config))
    return path, weights


def slow_features(weights, ids):
    """One sentence, a position at a time."""

    def dense(name, vector):
        return weights[f"{name}.weight"].astype(float) @ vector + weights[f"{name}.bias"]

    def normalized(name, vector):
        scaled = (vector - vector.mean()) / math.sqrt(vector.var() + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    words, places, kinds = (weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type"))
    hidden = [normalized("embeddings.LayerNorm", words[i].astype(float) + places[t] + kinds[0]) for t, i in enumerate(ids)]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        query, key, value = ([dense(f"{name}.attention.self.{p}", h) for h in hidden] for p in ("query", "key", "value"))
        following = []
        for t, vector in enumerate(hidden):
            mixed = []
            for head in range(HEADS):
                part = slice(head * WIDTH // HEADS, (head + 1) * WIDTH // HEADS)
                scores = [math.exp(query[t][part] @ other[part] / math.sqrt(WIDTH / HEADS)) for other in key]
                mixed.append(sum(score * other[part] for score, other in zip(scores, value, strict=True)) / sum(scores))
            attended = dense(f"{name}.attention.output.dense", np.concatenate(mixed))
            vector = normalized(f"{name}.attention.output.LayerNorm", vector + attended)
            inner = np.array(
                [x * (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0 for x in dense(f"{name}.intermediate.dense", vector)]
            )
            following.append(normalized(f"{name}.output.LayerNorm", vector + dense(f"{name}.output.dense", inner)))
        hidden = following
    mean = np.mean(hidden, axis=0)
    return mean / np.linalg.norm(mean)


def test_features_are_those_of_a_computation_by_hand_whatever_else_is_in_the_batch(small):
    path, weights = small
    encoder = SentenceEncoder(path)
    lines = ["A cat sings.", "cats", "a cat singing a cat . . .", "山", ""]
    expected = [slow_features(weights, encoder.tokenize(line)) for line in lines]
    assert encoder(lines) == pytest.approx(np.array(expected), abs=2e-5)
    assert encoder(lines[:1]) == pytest.approx(np.array(expected[:1]), abs=2e-5)


def test_words_are_split_into_the_longest_known_pieces(small):
    encoder = SentenceEncoder(small[0])
    pieces = [PIECES[index] for index in encoder.tokenize("Cats singing, a CAFÉ. singsx")]
    assert pieces == ["[CLS]", "cat", "##s", "sing", "##ing", "[UNK]", "a", "cafe", ".", "[UNK]", "[SEP]"]
    assert len(encoder.tokenize("a " * 300)) == 128


def test_signs_and_chinese_characters_are_words_and_control_characters_vanish():
    assert words_of("It's 山川, a_b\t$5\u200b!") == ["it", "'", "s", "山", "川", ",", "a", "_", "b", "$", "5", "!"]


def test_a_missing_package_names_its_install_command(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refused(INSTALL, SentenceEncoder, error=ImportError)


def test_the_packaged_encoder_has_the_published_similarities():
    """Those of the quick start of sentence-transformers."""
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip(f"The weights are not installed: {INSTALL}")
    features = SentenceEncoder()(["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."])
    expected = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    assert features @ features.T == pytest.approx(np.array(expected), abs=1e-4)
