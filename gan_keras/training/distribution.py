"""How a `GAN` trains on several devices: on N replicas as on one device with the same batch.

A strategy of `tf.distribute` keeps a copy of each variable on each device; a batch is cut into as many equal parts:

    strategy = tf.distribute.MirroredStrategy()
    with strategy.scope():
        gan = gan_keras.GAN(generator, discriminator)
        gan.compile(keras.optimizers.Adam(2e-4), keras.optimizers.Adam(2e-4))
    gan.fit(batches, epochs=5)

Losses, penalties, augmentation, noise, clipping of gradients, metrics and `networks.layers.BatchNormalization` act
on the whole batch; a sum over devices is rounded in another order, no more. Three things are a replica's own: `Dropout` (each
replica drops the same places of its rows), Keras' `BatchNormalization` without `synchronized=True`, and the groups of
`MinibatchStandardDeviation` and `Packed`. Files are the same for one device and for many.
"""

import functools
import warnings

import tensorflow as tf

_BUILD_INSIDE = "Expected the GAN, its optimizers, penalties and metrics to be made inside `with strategy.scope():`."


class Distributed:
    """The half of `GAN` that trains on several replicas; with one it is Keras' own."""

    @property
    def num_replicas(self):
        """How many devices, of all machines together, train this GAN."""
        return self.distribute_strategy.num_replicas_in_sync

    def compile(self, *args, steps_per_execution=1, **kwargs):
        """`keras.Model.compile`; on several replicas Keras takes a step at a time, and a warning says so.

        Raises:
            ValueError: If a part was made outside of the strategy's scope.
        """
        if self.num_replicas > 1 and steps_per_execution != 1:
            warnings.warn(
                f"On {self.num_replicas} replicas Keras takes one step at a time: steps_per_execution={steps_per_execution} is "
                "left out.",
                stacklevel=3,
            )
            steps_per_execution = 1
        super().compile(*args, steps_per_execution=steps_per_execution, **kwargs)
        if self.num_replicas > 1:
            self.check_parts()

    def check_optimizers(self, *optimizers):
        """Raises `ValueError` if an optimizer cannot keep its state on several replicas."""
        if self.num_replicas == 1:
            return
        if any(getattr(optimizer, "gradient_accumulation_steps", None) for optimizer in optimizers):
            raise ValueError(
                "Got gradient_accumulation_steps, which Keras' optimizers cannot keep on several replicas. Expected none: "
                "take larger batches."
            )
        self.check_scope([variable for optimizer in optimizers for variable in optimizer.variables])

    def check_parts(self):
        """Raises `ValueError` unless all that changes in training was made for the strategy at hand."""
        metrics = [variable for metric in self.metrics for variable in metric.variables]
        self.check_scope([*self.variables, *self.own_state().values(), *metrics])

    def check_scope(self, variables):
        """Raises `ValueError` if a variable was made outside of the strategy's scope."""
        strategy = self.distribute_strategy
        strays = [each.path for each in variables if not strategy.extended.variable_created_in_scope(each.value)]
        if strays:
            raise ValueError(
                f"{strays[0]} and {len(strays) - 1} other variables were made outside of the scope of the "
                f"{type(strategy).__name__} that they are trained in. {_BUILD_INSIDE}"
            )

    def fit(self, x=None, *args, validation_data=None, **kwargs):
        """`keras.Model.fit`; several replicas take a `tf.data.Dataset` and cut its batches into equal parts."""
        return super().fit(self.shares(x), *args, validation_data=self.shares(validation_data), **kwargs)

    def evaluate(self, x=None, *args, **kwargs):
        """`keras.Model.evaluate`; several replicas take a `tf.data.Dataset`."""
        return super().evaluate(self.shares(x), *args, **kwargs)

    def shares(self, batches):
        """Batches as the replicas take them.

        Raises:
            ValueError: If the GAN was built outside of the strategy's scope, the data are no `tf.data.Dataset`, or its
                batches cannot be cut into equal parts.
        """
        if self.num_replicas == 1 or batches is None or isinstance(batches, tf.distribute.DistributedDataset):
            return batches
        self.check_scope(self.variables)
        return shares(batches, self.distribute_strategy)

    def make_train_function(self, force=False):
        if self.num_replicas == 1:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = self.on_replicas(self.train_step, self.plan_step)

    def make_test_function(self, force=False):
        if self.num_replicas == 1:
            super().make_test_function(force)
        elif self.test_function is None or force:
            self.test_function = self.on_replicas(self.test_step, tuple)

    def plan_step(self):
        """When penalties are due in the next training step, a tuple."""
        return tuple(penalty.plan(self.discriminator_steps) for penalty in self.penalties if hasattr(penalty, "plan"))

    def on_replicas(self, step, plan):
        """A function of an iterator: takes a step on all replicas and tells the logs of the whole batch.

        Keras' own reduces logs over an axis, which scalars of several workers do not have.

        Args:
            step: A function of data, that each replica calls.
            plan: A function of nothing: what differs from one step to the next and a graph cannot decide.
        """
        strategy = self.distribute_strategy

        def one_step(data):
            logs = strategy.run(step, args=(data,))
            with strategy.scope():  # where a metric tells what all replicas have counted
                whole = {**{metric.name: metric.result() for metric in self.metrics}, **self.results()}
                return {
                    name: whole[name] if name in whole else strategy.reduce("MEAN", value, axis=None)
                    for name, value in logs.items()
                }

        @functools.cache
        def graph_for(spec, planned):
            # One for each plan. Told what batches are like, TensorFlow does not make one for each length of text.
            return tf.function(one_step, input_signature=[spec], autograph=False)

        def run(iterator):
            if not isinstance(iterator, tf.distribute.DistributedIterator):
                raise ValueError(
                    f"Got a single batch for {self.num_replicas} replicas. Expected `fit` or `evaluate`, and a tf.data.Dataset."
                )
            # Read here, not in the graph of the step: where data have ended, some of the replicas would begin it.
            data, planned = next(iterator), plan()
            return one_step(data) if self.run_eagerly else graph_for(iterator.element_spec, planned)(data)

        return run

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing: a GAN is built already. Keras would read a batch to build it by, and move a shuffled data set on."""


def shares(dataset, strategy):
    """The batches of a data set, each cut into consecutive equal parts, one for each replica.

    A batch that cannot be cut so, such as a shorter last one, is left out, and standard error says so.

    Args:
        dataset: A `tf.data.Dataset` of batches. Every worker reads it from its start, so it has to give each the same.
        strategy: A `tf.distribute.Strategy`.

    Raises:
        ValueError: If it is no `tf.data.Dataset`, or no batch can be cut.
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
    """Whether a batch can be cut into `num` equal parts; says so if not."""
    rows = tf.shape(tf.nest.flatten(batch)[0])[0]
    message = ("A batch of", rows, "samples is left out: it cannot be cut into equal parts for", num, "replicas.")
    told = tf.cond(rows % num == 0, tf.no_op, lambda: tf.print(*message))
    with tf.control_dependencies([told]):
        return tf.equal(rows % num, 0)


def _cut(batch, num):
    """A data set of `num` consecutive equal parts of a batch."""

    def parts(values):
        shape = tf.shape(values)
        cut = tf.reshape(values, tf.concat([[num, shape[0] // num], shape[1:]], axis=0))
        rows = None if values.shape[0] is None else values.shape[0] // num
        return tf.ensure_shape(cut, [num, rows, *values.shape[1:]])

    return tf.data.Dataset.from_tensor_slices(tf.nest.map_structure(parts, batch if len(batch) > 1 else batch[0]))
