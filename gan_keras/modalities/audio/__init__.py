"""The recipe of audio, from data file to report; `modality.py` is the map."""
