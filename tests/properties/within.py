"""Settings of the properties: the profile in force where it is one of ours, else ``ci``."""

from __future__ import annotations

from hypothesis import settings

from verification.strategies import PROFILES, register_profiles


def within(examples: int) -> settings:
    """Return settings of at most so many examples; at night the profile's own number.

    Parameters
    ----------
    examples
        What the test's seconds allow.
    """
    name = settings.get_current_profile_name()
    if name not in PROFILES:
        register_profiles()
        name = "ci"
    profile = settings.get_profile(name)
    return profile if name == "nightly" else settings(profile, max_examples=min(examples, profile.max_examples))
