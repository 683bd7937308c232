"""The algorithm boxes: `GAN` and its siblings, one paper a file.

The classes that train alone are public in `gan_keras` itself; these are for those who train many GANs at once, or measure more.
"""

from gan_keras.gans.many_seeds import ManySeeds, MemberMetrics, by_member, interleave
from gan_keras.gans.step_metrics import StepMetrics

__all__ = ["ManySeeds", "MemberMetrics", "StepMetrics", "by_member", "interleave"]
