"""Readers and writers of images, clips, sounds, series, plots and files."""

from gan_keras import startup

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

__getattr__, __dir__ = startup.late(
    __name__,
    {
        "SoundPlayer": "gan_keras.media.sounds.SoundPlayer",
        "clip_grid": "gan_keras.media.clips.clip_grid",
        "encode_gif": "gan_keras.media.clips.encode_gif",
        "encode_png": "gan_keras.media.images.encode_png",
        "encode_wav": "gan_keras.media.sounds.encode_wav",
        "film_strips": "gan_keras.media.clips.film_strips",
        "image_grid": "gan_keras.media.images.image_grid",
        "plot_series": "gan_keras.media.series.picture_of",
        "read_gif": "gan_keras.media.clips.read_gif",
        "read_json": "gan_keras.media.safe_files.read_json",
        "write_animation": "gan_keras.media.images.write_animation",
        "write_gif": "gan_keras.media.clips.write_gif",
        "write_images": "gan_keras.media.images.write_images",
        "write_json": "gan_keras.media.safe_files.write_json",
        "write_png": "gan_keras.media.images.write_png",
        "write_series": "gan_keras.media.series.write_series",
        "write_videos": "gan_keras.media.clips.write_videos",
    },
)
