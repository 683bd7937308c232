"""The samples of a training that a report shows."""

from gan_keras.modalities.sample_files import all_epochs, last_and_first, title_of


def written(run, *names):
    (run / "samples").mkdir()
    for name in names:
        (run / "samples" / name).touch()


def test_epochs_are_in_the_order_of_their_numbers_beyond_999_too(tmp_path):
    written(tmp_path, "epoch_1000.png", "epoch_999.png", "epoch_002.png", "epoch_002.wav", "animation.png")
    assert [path.name for path in all_epochs(tmp_path, ".png")] == ["epoch_002.png", "epoch_999.png", "epoch_1000.png"]
    assert [title_of(path) for path in last_and_first(tmp_path, ".png")] == ["Epoch 1000", "Epoch 2"]


def test_a_single_epoch_is_shown_once_and_none_is_none(tmp_path):
    assert last_and_first(tmp_path, ".png") == []
    written(tmp_path, "epoch_001.png")
    assert [path.name for path in last_and_first(tmp_path, ".png")] == ["epoch_001.png"]
