"""What is ours to mend: told to the log, and to whoever looks without the details."""

import streamlit as st

from core.logs import get_logger
from dashboards.console.said import say

_log = get_logger(__name__)


def tell(fault: Exception) -> bool:
    """Log a fault and say that there is one; nobody else needs to."""
    _log.error("console.fault", exc_info=fault)
    st.error(say("broken"))
    return True
