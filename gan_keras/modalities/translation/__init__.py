"""The recipe of translation, from data file to report; `modality.py` is the map."""
