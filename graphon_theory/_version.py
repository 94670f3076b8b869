"""The version of the distribution, in the one place that both packages and the build read."""

__version__ = "0.1.0"
