"""Any JSON a broken backend may send, for property tests that find the same on every run and on a busy machine."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

steady = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
