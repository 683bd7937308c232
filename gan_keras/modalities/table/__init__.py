"""The recipe of table, from file to report; `modality.py` is the map."""
