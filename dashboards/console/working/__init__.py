"""The pages on which the model is worked."""

from typing import Final

from dashboards.console.pages import Page
from dashboards.console.working import comparing, data, models, predicting, watching

PAGES: Final[tuple[Page, ...]] = (
    Page("data", data.show, "data", "table_chart"),
    Page("models", models.show, "models", "model_training"),
    Page("predict", predicting.show, "predict", "trending_up"),
    Page("watch", watching.show, "watch", "monitoring"),
    Page("compare", comparing.show, "compare", "compare_arrows"),
)
"""In the order in which they are gone through."""
