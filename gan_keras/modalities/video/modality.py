"""Videos: arrays and folders of frames that become animations."""

from gan_keras.callbacks import ClipGrid
from gan_keras.data import VIDEO_DATASETS, describe_videos, load_test_videos, load_videos, split_videos
from gan_keras.data.arrays import array_batches
from gan_keras.media.clips import write_videos
from gan_keras.media.html import picture
from gan_keras.media.plots import Picture
from gan_keras.modalities.from_files import ReloadedModality
from gan_keras.modalities.sample_files import check_output, last_and_first, title_of
from gan_keras.modalities.video.evaluation import COLUMNS, evaluate_videos
from gan_keras.modalities.video.presets import VideoPreset

NOTE = """<p>Lower is better: Frechet and kernel distance, Frechet within classes, distance of speeds. Higher is better:
precision and density (are the clips real?), recall and coverage (are all kinds there?), agreement (does the classifier, which
never saw a generated clip, name the label asked for?), in order (does it take the frames for ones in their order, not for
shuffled ones or for one that stands still?). Change of a pixel and speed (of the centre of brightness) should be those of real
clips. The last row holds real training clips against the same test clips: what no generator beats, except by chance or by
copying. Clips that stand still have real frames and no motion.</p>"""
USE = "clips like those of the data, to learn from and to experiment with; they show no real events or people"
LIMITS = "what the data lack or show one-sidedly, the clips lack or show so too"


class VideoModality(ReloadedModality):
    """Videos, in memory while they are trained on."""

    name, preset_class, output_name, samples = "video", VideoPreset, "video", "clips"
    columns, note, use, limits = COLUMNS, NOTE, USE, LIMITS

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

    def samples_section(self, run):
        return samples_html(run)


# --- The sections of a report that videos fill.


def samples_html(run):
    """The clips of the last and the first epoch, and all frames of some, HTML; None without any.

    Args:
        run: Path of the run.
    """
    paths = [*last_and_first(run, ".gif"), run / "samples" / "film.png"]
    return "".join(picture(_shown(path)) for path in paths if path.exists()) or None


def _shown(path):
    if path.name == "film.png":
        return Picture("Frame by frame", "A row for each generated clip, a column for each frame.", path.read_bytes())
    text = "A grid of generated clips, moving. The noise is the same at every epoch."
    return Picture(title_of(path), text, path.read_bytes(), "gif")
