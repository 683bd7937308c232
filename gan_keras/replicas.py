"""What one of several replicas knows of the others, so that all of them together train as one device would.

Under a strategy of `tf.distribute` every replica runs the same code on rows of its own: consecutive rows of one batch, as many
as each other replica has. Gradients are summed over the replicas. What belongs to a row is at hand; what belongs to the whole
batch (a mean inside a nonlinear function, noise, a choice among all rows) goes through a function of this file. With one device,
and outside of a training step, there is one replica, and each function gives the plain result.

Variables that a step assigns need no aggregation: every replica computes the same number for its own copy.
"""

import tensorflow as tf


def count():
    """How many replicas run the code at hand together, itself counted; an int."""
    return tf.distribute.get_strategy().num_replicas_in_sync if tf.distribute.get_replica_context() else 1


def first_row(num):
    """Place in the whole batch of the first of the `num` rows that this replica has; int64."""
    return 0 if count() == 1 else tf.cast(_context().replica_id_in_sync_group, tf.int64) * tf.cast(num, tf.int64)


def rows_of_all(draw, num):
    """This replica's `num` rows of `draw(total)`, for noise that is drawn for a batch: `draw` must give each replica the same.

    All replicas keep the same random state, so each draws for all of them, as one device would, and takes its part.
    """
    return draw(num) if count() == 1 else own_rows(draw(num * count()))


def own_rows(rows):
    """This replica's part of the rows of the whole batch."""
    if count() == 1:
        return rows
    num = tf.shape(rows)[0] // count()
    first = tf.cast(first_row(num), tf.int32)
    return rows[first : first + num]


def all_rows(rows):
    """The rows of the whole batch, of tensors that differ in nothing but their rows. No gradient passes."""
    return rows if count() == 1 else tf.stop_gradient(_context().all_gather(rows, axis=0))


def mean(values):
    """The mean over replicas of a float tensor, or of a list of them; gradients pass as they do through a mean over rows."""
    return values if count() == 1 else _context().all_reduce(tf.distribute.ReduceOp.MEAN, values)


def total(value):
    """The sum over replicas of a float tensor."""
    return value if count() == 1 else _context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def std(values, axis=None):
    """Standard deviation over the rows of the whole batch, or of all its numbers: `axis` is 0 or None."""
    if count() == 1:
        return tf.math.reduce_std(values, axis)
    distances = values - mean(tf.reduce_mean(values, axis))
    return tf.sqrt(mean(tf.reduce_mean(tf.square(distances), axis)))


def whole_gradients(gradients):
    """Gradients of the whole batch's loss from those of every replica's rows; None stays None.

    They are what is measured, clipped and looked at for numbers that are not finite: a replica's own are not. The gradient of
    an embedding comes as parts of its rows, which Keras would clip by the norm of the parts: they are added first.
    """
    found = iter(mean([tf.convert_to_tensor(each) for each in gradients if each is not None]))
    return [each if each is None else next(found) for each in gradients]


def once(gradients):
    """What this replica hands to an optimizer, which clips and then adds up what all hand to it: the first one hands all."""
    if count() == 1:
        return gradients
    is_first = tf.equal(_context().replica_id_in_sync_group, 0)
    return [each if each is None else tf.where(is_first, each, tf.zeros_like(each)) for each in gradients]


def update_if(condition, update, gradients):
    """`update(gradients)` if the condition, the same on all replicas, is true; nothing else.

    An optimizer's replicas work together, which a graph cannot do inside of a condition of one replica.
    """
    if count() == 1:
        return tf.cond(condition, lambda: update(gradients), lambda: None)

    def of_all(strategy, condition, gradients):
        def on_each():
            strategy.extended.call_for_each_replica(update, args=(gradients,))

        tf.cond(strategy.experimental_local_results(condition)[0], on_each, lambda: None)

    return _context().merge_call(of_all, args=(condition, gradients))


def _context():
    return tf.distribute.get_replica_context()
