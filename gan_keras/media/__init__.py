"""Readers and writers of images, clips, sounds, series, plots and files."""
