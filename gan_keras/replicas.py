"""Communication between replicas, so that several devices train exactly as one would.

Under a `tf.distribute` strategy every replica runs the same code on its own rows: consecutive rows of one batch, equally many on
each replica. Gradients are summed over the replicas. Whatever depends on the whole batch (a mean inside a nonlinear function,
noise, a choice among all rows) goes through a function of this file. On one device, and outside a training step, there is one
replica and each function returns the plain result.

Variables assigned in a step need no aggregation: every replica computes the same value for its own copy.
"""

import tensorflow as tf


def count():
    """Number of replicas that run this code together, including this one; an int."""
    return tf.distribute.get_strategy().num_replicas_in_sync if tf.distribute.get_replica_context() else 1


def first_row(num):
    """Index of this replica's first row in the whole batch, where each replica has `num` rows; int64."""
    return 0 if count() == 1 else tf.cast(_context().replica_id_in_sync_group, tf.int64) * tf.cast(num, tf.int64)


def rows_of_all(draw, num):
    """Returns this replica's `num` rows of `draw(total)`, noise for the whole batch.

    All replicas keep the same random state, so each draws the noise of all replicas, as one device would, and takes its part.
    """
    return draw(num) if count() == 1 else own_rows(draw(num * count()))


def own_rows(rows):
    """Returns this replica's part of the whole batch's rows."""
    if count() == 1:
        return rows
    num = tf.shape(rows)[0] // count()
    first = tf.cast(first_row(num), tf.int32)
    return rows[first : first + num]


def all_rows(rows):
    """Gathers the whole batch's rows from all replicas, which have the same number each. No gradient passes."""
    return rows if count() == 1 else tf.stop_gradient(_context().all_gather(rows, axis=0))


def mean(values):
    """Mean over replicas of a float tensor or a list of them. Gradients pass as through a mean over rows."""
    return values if count() == 1 else _context().all_reduce(tf.distribute.ReduceOp.MEAN, values)


def total(value):
    """Sum of a float tensor over replicas."""
    return value if count() == 1 else _context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def std(values, axis=None):
    """Standard deviation over the whole batch's rows (`axis=0`) or over all its numbers (`axis=None`)."""
    if count() == 1:
        return tf.math.reduce_std(values, axis)
    distances = values - mean(tf.reduce_mean(values, axis))
    return tf.sqrt(mean(tf.reduce_mean(tf.square(distances), axis)))


def whole_gradients(gradients):
    """Averages the replicas' gradients into those of the whole batch's loss; None stays None.

    Norms, clipping and checks for non-finite numbers use these gradients, not a replica's own. The gradient of an embedding is
    a set of slices of rows; they are added up first, because Keras would clip by the norm of the slices.
    """
    found = iter(mean([tf.convert_to_tensor(each) for each in gradients if each is not None]))
    return [each if each is None else next(found) for each in gradients]


def once(gradients):
    """Keeps the gradients on the first replica and zeroes them on the others, for an optimizer that sums over replicas."""
    if count() == 1:
        return gradients
    is_first = tf.equal(_context().replica_id_in_sync_group, 0)
    return [each if each is None else tf.where(is_first, each, tf.zeros_like(each)) for each in gradients]


def update_if(condition, update, gradients):
    """Calls `update(gradients)` if the condition, which is the same on all replicas, is true.

    Replicas communicate inside an optimizer's update, which is not possible within a replica's own `tf.cond`.
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
