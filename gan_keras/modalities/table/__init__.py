"""The recipe of table, from data file to report; `modality.py` is the map."""
