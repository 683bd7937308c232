"""The recipe of text, from data file to report; `modality.py` is the map."""
