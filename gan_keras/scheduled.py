"""Numbers that may move while training: a constant, or a schedule of `keras.optimizers.schedules` of the generator's updates.

A schedule reads the count of updates that the generator's optimizer keeps and saves, so that a resumed run goes on along it.
"""

import keras

Schedule = keras.optimizers.schedules.LearningRateSchedule


def get(number):
    """A constant as a float; a schedule, or its serialised config, as the schedule."""
    if isinstance(number, dict):
        number = keras.saving.deserialize_keras_object(number)
    return number if isinstance(number, Schedule) else float(number)


def value(number, updates):
    """What a constant or a schedule is after so many updates of the generator."""
    return number(updates) if isinstance(number, Schedule) else number


def serialize(number):
    return keras.saving.serialize_keras_object(number) if isinstance(number, Schedule) else number


def first_value(number):
    """What it is before the first update, as a float: by this a range is checked."""
    return float(value(number, 0))
