"""Named data sets and files of seven kinds: `load`, `split`, `describe` and `batches` work for each of them."""

from gan_keras.data import mixtures
from gan_keras.data.audio.load import AUDIO_DATASETS, load_audio, load_test_audio
from gan_keras.data.audio.readers import sounds_from_arrays
from gan_keras.data.audio.sounds import Sounds, audio_batches, describe_sounds, split_sounds
from gan_keras.data.dispatch import batches, describe, load, split
from gan_keras.data.image.images import Images, describe_images, image_batches, split_images
from gan_keras.data.image.load import DOWNLOADED, IMAGE_DATASETS, load_images, load_test_images, stacked_digits
from gan_keras.data.image.readers import images_from_arrays
from gan_keras.data.poisson import poisson_batches
from gan_keras.data.series.load import SERIES_DATASETS, load_series
from gan_keras.data.series.series import Series, describe_series, series_batches, split_series
from gan_keras.data.table.load import TABLE_DATASETS, load_table
from gan_keras.data.table.load import read_like as load_table_like
from gan_keras.data.table.schema import draft_schema
from gan_keras.data.table.table import Table, describe_table, split_table, table_batches, write_csv
from gan_keras.data.text.corpus import Corpus, corpus_from_lines, read_corpus, text_batches
from gan_keras.data.text.load import DATASETS, likelihood_of, load_text
from gan_keras.data.text.phrases import chinese_phrases, english_phrases
from gan_keras.data.translation.domains import Domains, PairedDomains, describe_domains, domain_batches, split_domains
from gan_keras.data.translation.load import TRANSLATION_DATASETS, load_domains
from gan_keras.data.video.load import VIDEO_DATASETS, load_test_videos, load_videos
from gan_keras.data.video.readers import videos_from_arrays
from gan_keras.data.video.videos import Videos, describe_videos, split_videos, video_batches

__all__ = [
    "AUDIO_DATASETS",
    "DATASETS",
    "DOWNLOADED",
    "IMAGE_DATASETS",
    "SERIES_DATASETS",
    "TABLE_DATASETS",
    "TRANSLATION_DATASETS",
    "VIDEO_DATASETS",
    "Corpus",
    "Domains",
    "Images",
    "PairedDomains",
    "Series",
    "Sounds",
    "Table",
    "Videos",
    "audio_batches",
    "batches",
    "chinese_phrases",
    "corpus_from_lines",
    "describe",
    "describe_domains",
    "describe_images",
    "describe_series",
    "describe_sounds",
    "describe_table",
    "describe_videos",
    "domain_batches",
    "draft_schema",
    "english_phrases",
    "image_batches",
    "images_from_arrays",
    "likelihood_of",
    "load",
    "load_audio",
    "load_domains",
    "load_images",
    "load_series",
    "load_table",
    "load_table_like",
    "load_test_audio",
    "load_test_images",
    "load_test_videos",
    "load_text",
    "load_videos",
    "mixtures",
    "poisson_batches",
    "read_corpus",
    "series_batches",
    "sounds_from_arrays",
    "split",
    "split_domains",
    "split_images",
    "split_series",
    "split_sounds",
    "split_table",
    "split_videos",
    "stacked_digits",
    "table_batches",
    "text_batches",
    "video_batches",
    "videos_from_arrays",
    "write_csv",
]
