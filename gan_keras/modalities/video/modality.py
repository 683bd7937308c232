"""Videos: arrays and folders of frames that become animations.

`presets.py` holds the networks and their numbers, `evaluation.py` the scores, baselines and verdict. This file reads and splits
the data, and writes clips and the report.
"""

from gan_keras.callbacks import ClipGrid
from gan_keras.codecs import VideoCodec
from gan_keras.data import Videos, describe_videos, load_test_videos, load_videos, split_videos
from gan_keras.media.clips import write_videos
from gan_keras.modalities.from_files import ScoredModality
from gan_keras.modalities.video.evaluation import COLUMNS, evaluate_videos
from gan_keras.modalities.video.presets import VideoPreset

_GRID = "Generated clips, moving. With labels, a row is a label and a column is a noise. The noise is the same at every epoch."


class VideoModality(ScoredModality):
    """Videos, in memory during training."""

    name, samples, output_name = "video", "clips", "video"
    preset_class, data_class, codec_classes, shape = VideoPreset, Videos, (VideoCodec,), (("video_shape", "video_shape"),)
    describe, splitter, writer = (staticmethod(each) for each in (describe_videos, split_videos, write_videos))
    judge, columns = staticmethod(evaluate_videos), COLUMNS
    example = 9, "clips.gif"
    epoch_picture = ".gif", _GRID
    further_pictures = {"film.png": ("Frame by frame", "One row per generated clip, one column per frame.")}
    note = """Lower is better: Frechet and kernel distance, Frechet within classes, distance of speeds. Higher is better:
precision and density (are the clips realistic?), recall and coverage (are all kinds there?), agreement (does the classifier,
which has never seen a generated clip, find the requested label?), in order (does it take the frames for ordered ones, not for
shuffled or frozen ones?). Change of a pixel and speed (of the centre of brightness) should match the real clips. The last row
compares real training clips with the same test clips: no generator does better, except by chance or by copying. Clips that
stand still have real frames and no motion. The Frechet distance is not the distance to training clips in the curves below, whose
classifier is smaller."""
    use = "clips that resemble the data, for learning and experiments; they show no real events or people"
    limits = "gaps and biases of the data carry over to the clips"

    def read(self, source, preset):
        videos = load_videos(source, preset.frames or None, preset.size or None, preset.channels or None)
        preset.check_shape(videos.video_shape)
        return videos

    def read_test(self, source, training):
        frames, height, width, channels = training.video_shape
        return load_test_videos(source, frames, (height, width), channels)

    def entries(self, data):
        return {"video_shape": list(data.video_shape)}

    def values_of(self, gan, part):
        return gan.in_blocks(lambda clips: gan.decode(gan.encode(clips)), part.videos)

    def sample_callbacks(self, run, preset, training, held_out):
        return [ClipGrid(run.samples, label_names=training.label_names)]
