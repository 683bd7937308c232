"""Videos: arrays and folders of frames that become animations."""

from gan_keras.callbacks import ClipGrid
from gan_keras.data import VIDEO_DATASETS, describe_videos, load_test_videos, load_videos, split_videos
from gan_keras.data.arrays import array_batches
from gan_keras.media.clips import write_videos
from gan_keras.modalities import video_report
from gan_keras.modalities.reloaded import ReloadedModality
from gan_keras.modalities.sample_files import check_output
from gan_keras.presets.video import VideoPreset
from gan_keras.video_evaluation import COLUMNS, evaluate_videos


class VideoModality(ReloadedModality):
    """Videos, in memory while they are trained on."""

    name, preset_class, output_name, samples = "video", VideoPreset, "video", "clips"
    columns, page = COLUMNS, video_report

    def datasets(self):
        return dict(VIDEO_DATASETS)

    def read(self, source, preset):
        videos = load_videos(source, preset.frames or None, preset.size or None, preset.channels or None)
        preset.check_shape(videos.video_shape)
        return videos

    def describe(self, data):
        return describe_videos(data)

    def split(self, data, seed):
        return split_videos(data, seed=seed)

    def entries(self, data):
        return {"video_shape": list(data.video_shape)}

    def epoch(self, part, preset, seed):
        columns = [part.videos, part.labels] if preset.num_labels(part) else [part.videos]
        return array_batches(columns, preset.batch_size, seed).take(len(part) // preset.batch_size)  # whole batches

    def callbacks(self, run, preset, training, held_out):
        return [ClipGrid(run.samples)]

    def check_output(self, output):
        expected = "Expected --output and NAME.gif (one clip, or a grid), NAME.npz, or a directory for a GIF each"
        check_output(output, (".gif", ".npz"), self.samples, expected)

    def write(self, samples, output):
        write_videos(output, samples)

    def judge(self, gan, run, parts, num, seed, progress):
        return evaluate_videos(gan, *parts, num, seed, progress), {}

    def read_test(self, source, training):
        frames, height, width, channels = training.video_shape
        return load_test_videos(source, frames, (height, width), channels)
