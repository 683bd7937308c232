"""Training a `GAN` on several devices: N replicas train as one device does with the same batch.

A strategy of `tf.distribute` keeps a copy of each variable on each device; a batch is cut into as many equal parts:

    strategy = tf.distribute.MirroredStrategy()
    with strategy.scope():
        gan = gan_keras.GAN(generator, discriminator)
        gan.compile(keras.optimizers.Adam(2e-4), keras.optimizers.Adam(2e-4))
    gan.fit(batches, epochs=5)

Losses, penalties, augmentation, noise, gradient clipping, metrics and `networks.layers.BatchNormalization` act on the whole
batch; only sums over devices are rounded in another order. Three things are per replica: `Dropout` (each replica drops the same
places of its rows), Keras' `BatchNormalization` without `synchronized=True`, and the groups of `MinibatchStandardDeviation` and
`Packed`. Files are the same for one device and for many.
"""

import functools
import warnings

import tensorflow as tf

_BUILD_INSIDE = "Expected the GAN, its optimizers, penalties and metrics to be made inside `with strategy.scope():`."


def fit_of_replicas(gan, keras_fit):
    """Returns a `fit` that gives each replica its part of every batch."""

    def fit(x=None, validation_data=None, **options):
        return keras_fit(x=shared(gan, x), validation_data=shared(gan, validation_data), **options)

    return fit


def shared(gan, batches):
    """Returns batches as the replicas read them.

    Raises:
        ValueError: If the GAN was built outside of the strategy's scope, the data are not a `tf.data.Dataset`, or its
            batches cannot be cut into equal parts.
    """
    if batches is None or isinstance(batches, tf.distribute.DistributedDataset):
        return batches
    check_scope(gan, gan.variables)
    return shares(batches, gan.distribute_strategy)


def compile_of_replicas(gan, keras_compile):
    """Returns a `compile` that prepares a GAN for several replicas, which take one step at a time; a warning says so.

    Raises:
        ValueError: By the returned function, if a part was made outside of the strategy's scope.
    """

    def compile(steps_per_execution=1, **options):
        if steps_per_execution != 1:
            warnings.warn(
                f"On {gan.num_replicas} replicas Keras takes one step at a time: steps_per_execution={steps_per_execution} is "
                "ignored.",
                stacklevel=3,
            )
        keras_compile(**options)
        share_training(gan)

    return compile


def share_training(gan):
    """Replaces Keras' training functions by those of several replicas, after checking that all was made in their scope."""
    metrics = [variable for metric in gan.metrics for variable in metric.variables]
    check_scope(gan, [*gan.variables, *gan.own_state().values(), *metrics])

    def make_train_function(force=False):
        if gan.train_function is None or force:
            gan.train_function = on_replicas(gan, gan.train_step, functools.partial(plan_step, gan))

    def make_test_function(force=False):
        if gan.test_function is None or force:
            gan.test_function = on_replicas(gan, gan.test_step, tuple)

    gan.make_train_function, gan.make_test_function = make_train_function, make_test_function


def check_optimizers(gan):
    """Raises `ValueError` if an optimizer cannot keep its state on several replicas."""
    optimizers = gan.generator_optimizer, gan.discriminator_optimizer
    if any(getattr(optimizer, "gradient_accumulation_steps", None) for optimizer in optimizers):
        raise ValueError(
            "Got gradient_accumulation_steps, which Keras' optimizers cannot keep on several replicas. Expected none: "
            "use larger batches."
        )
    check_scope(gan, [variable for optimizer in optimizers for variable in optimizer.variables])


def check_scope(gan, variables):
    """Raises `ValueError` if a variable was made outside of the strategy's scope."""
    strategy = gan.distribute_strategy
    strays = [each.path for each in variables if not strategy.extended.variable_created_in_scope(each.value)]
    if strays:
        raise ValueError(
            f"{strays[0]} and {len(strays) - 1} other variables were made outside of the scope of the "
            f"{type(strategy).__name__} that they are trained in. {_BUILD_INSIDE}"
        )


def plan_step(gan):
    """Returns when penalties are due in the next training step, a tuple."""
    return tuple(penalty.plan(gan.discriminator_steps) for penalty in gan.penalties if hasattr(penalty, "plan"))


def on_replicas(gan, step, plan):
    """Returns a function of an iterator that takes a step on all replicas and returns the logs of the whole batch.

    Keras' own reduces logs over an axis, which scalars of several workers do not have.

    Args:
        gan: A compiled `GAN`.
        step: A function of data, called by each replica.
        plan: A function without arguments: what differs from one step to the next and a graph cannot decide.
    """
    strategy = gan.distribute_strategy

    def one_step(data):
        logs = strategy.run(step, args=(data,))
        with strategy.scope():  # where a metric tells what all replicas have counted
            whole = {**{metric.name: metric.result() for metric in gan.metrics}, **gan.step_metrics.test_result()}
            return {
                name: whole[name] if name in whole else strategy.reduce("MEAN", value, axis=None) for name, value in logs.items()
            }

    @functools.cache
    def graph_for(spec, planned):
        # One for each plan. Told what batches are like, TensorFlow does not make one for each length of text.
        return tf.function(one_step, input_signature=[spec], autograph=False)

    def run(iterator):
        if not isinstance(iterator, tf.distribute.DistributedIterator):
            raise ValueError(
                f"Got a single batch for {gan.num_replicas} replicas. Expected `fit` or `evaluate`, and a tf.data.Dataset."
            )
        # Read here, not in the graph of the step: where data have ended, some of the replicas would begin it.
        data, planned = next(iterator), plan()
        return one_step(data) if gan.run_eagerly else graph_for(iterator.element_spec, planned)(data)

    return run


def shares(dataset, strategy):
    """Returns the batches of a data set cut into consecutive equal parts, one per replica.

    A batch that cannot be cut so, such as a shorter last one, is dropped, and standard error says so.

    Args:
        dataset: A `tf.data.Dataset` of batches. Every worker reads it from its start, so it must give each the same.
        strategy: A `tf.distribute.Strategy`.

    Raises:
        ValueError: If it is not a `tf.data.Dataset`, or no batch can be cut.
    """
    num = strategy.num_replicas_in_sync
    if not isinstance(dataset, tf.data.Dataset):
        raise ValueError(
            f"Got data of type {type(dataset).__name__} for {num} replicas. Expected a tf.data.Dataset of batches, such as "
            "`tf.data.Dataset.from_tensor_slices(samples).batch(64, drop_remainder=True)`."
        )
    rows = tf.nest.flatten(dataset.element_spec)[0].shape[0]
    if rows is not None and rows % num:
        raise ValueError(f"Got batches of {rows} samples for {num} replicas. Expected a multiple of {num}.")

    def of_worker(context):
        here = num // context.num_input_pipelines
        whole = dataset.filter(lambda *batch: _divides(batch, num))
        parts = whole.flat_map(lambda *batch: _cut(batch, num).skip(context.input_pipeline_id * here).take(here))
        return parts.prefetch(2 * here)

    parts = strategy.distribute_datasets_from_function(of_worker)
    parts._cardinality = dataset.cardinality()  # TensorFlow counts parts where Keras asks for steps
    return parts


def _divides(batch, num):
    """Returns whether a batch can be cut into `num` equal parts; reports it if not."""
    rows = tf.shape(tf.nest.flatten(batch)[0])[0]
    message = ("Dropped a batch of", rows, "samples: not divisible by", num, "replicas.")
    told = tf.cond(rows % num == 0, tf.no_op, lambda: tf.print(*message))
    with tf.control_dependencies([told]):
        return tf.equal(rows % num, 0)


def _cut(batch, num):
    """Returns a data set of `num` consecutive equal parts of a batch."""

    def parts(values):
        shape = tf.shape(values)
        cut = tf.reshape(values, tf.concat([[num, shape[0] // num], shape[1:]], axis=0))
        rows = None if values.shape[0] is None else values.shape[0] // num
        return tf.ensure_shape(cut, [num, rows, *values.shape[1:]])

    return tf.data.Dataset.from_tensor_slices(tf.nest.map_structure(parts, batch if len(batch) > 1 else batch[0]))
