"""The recipe of series, from data file to report; `modality.py` is the map."""
