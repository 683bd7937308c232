"""The recipe of translation, from file to report; `modality.py` is the map."""
