"""Readers and writers of images, clips, sounds, series, plots and files."""

from gan_keras.media.clips import clip_grid, encode_gif, film_strips, read_gif, write_gif, write_videos
from gan_keras.media.images import encode_png, image_grid, write_animation, write_images, write_png
from gan_keras.media.safe_files import read_json, write_json
from gan_keras.media.series import picture_of as plot_series
from gan_keras.media.series import write_series
from gan_keras.media.sounds import SoundPlayer, encode_wav

__all__ = [
    "SoundPlayer",
    "clip_grid",
    "encode_gif",
    "encode_png",
    "encode_wav",
    "film_strips",
    "image_grid",
    "plot_series",
    "read_gif",
    "read_json",
    "write_animation",
    "write_gif",
    "write_images",
    "write_json",
    "write_png",
    "write_series",
    "write_videos",
]
