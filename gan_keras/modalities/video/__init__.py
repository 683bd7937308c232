"""The recipe of video, from data file to report; `modality.py` is the map."""
