"""The recipe of video, from file to report; `modality.py` is the map."""
