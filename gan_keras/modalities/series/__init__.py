"""The recipe of series, from file to report; `modality.py` is the map."""
