"""The recipe of text, from file to report; `modality.py` is the map."""
