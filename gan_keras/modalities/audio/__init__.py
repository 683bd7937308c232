"""The recipe of audio, from file to report; `modality.py` is the map."""
