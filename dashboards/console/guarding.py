"""What is said when something is missing: the login, the API, a farm. Whatever was entered is kept."""

from collections.abc import Callable

import streamlit as st

from dashboards.console import session
from dashboards.console.client import AwayError, RefusedError, SignedOutError
from dashboards.console.said import plain, say
from dashboards.console.session import NoFarmError, NothingChosenError


def guarded(draw: Callable[[], None]) -> None:
    """Draw, and say what is missing where something is; also for what is drawn again by itself."""
    try:
        draw()
    except SignedOutError:
        session.expire()
        st.rerun()
    except AwayError:
        st.error(say("away"))
        st.button(say("retry"), key="retry")  # any touch draws the page again
    except RefusedError as refused:  # where no page takes care of it
        st.error(refused.detail)
    except NoFarmError:
        st.info(say("no_farm"))
    except NothingChosenError as nothing:
        if nothing.refused is None:
            st.info(say("no_file"))
        else:
            st.error(say("file_refused", name=plain(nothing.refused)))
