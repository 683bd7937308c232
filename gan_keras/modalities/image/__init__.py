"""The recipe of image, from file to report; `modality.py` is the map."""
