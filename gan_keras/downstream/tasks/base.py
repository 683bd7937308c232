"""`Downstream`: what a training set is for, and so what its enlarging is judged by."""


class Downstream:
    """Base of the tasks that are learned from labelled samples, one for each modality.

    A `part` is training data or test data as the modality has them. Sets of samples are pairs of arrays, samples and label
    numbers, in the form that the task itself chose.

    Args:
        training: The training part: it tells what the samples look like, and for how long the model learns.
        target: What `target_of` returned.

    Attributes:
        model: The model that learns, in words.
        metric: Its score on test data, in words; higher is better.
        classical: The classical augmentation, in words.
        ending: Of the files that `write` writes.

    Raises:
        ValueError: If the data have no labels to learn.
    """

    model = metric = classical = ending = None

    def __init__(self, training, target=None):
        if training.labels is None:
            raise ValueError(f"{training.name} has no labels. Expected labelled data: there is no task to enlarge them for.")
        self.label_names, self.num_labels = training.label_names, len(training.label_names)

    @staticmethod
    def target_of(training, preset):
        """Which column is to be told, for modalities whose samples have several; None elsewhere."""
        return

    def labelled(self, part):
        """The samples of a part that have a label, as a part."""
        return part

    def take(self, part, rows):
        """Some samples of a part as a part."""
        raise NotImplementedError

    def labels_of(self, part):
        """The label number of each sample, int `(num,)`; raises `ValueError` if a part numbers other labels."""
        if part.label_names != self.label_names:
            raise ValueError(f"{part.name} has the labels {part.label_names}. Expected {self.label_names}.")
        return part.labels

    def samples_of(self, part):
        """The samples of a part, an array with a row for each."""
        raise NotImplementedError

    def generated(self, gan, numbers, seed):
        """A generated sample for each label number, as of `samples_of`; sample `i` is made from `seed + i`."""
        raise NotImplementedError

    def score(self, training, test, seed):
        """The test score of a model that learned from samples and labels; all chance in it follows from the seed."""
        raise NotImplementedError

    def score_varied(self, training, test, seed):
        """The same with classical augmentation."""
        raise NotImplementedError

    def write(self, path, part, samples, numbers):
        """Writes the samples of a part, and behind them generated ones and their labels, as data that can be read again."""
        raise NotImplementedError
