"""The recipe of image, from data file to report; `modality.py` is the map."""
