"""Which tables hold anything of a farm, and by what their rows are known to be a farm's.

Each table stands here once, as a test of the migrated database asks: what stands in `OF_FARM` is exported, and gone
when the farm is.
"""

from collections.abc import Mapping
from typing import Final


def _of(name: str, table: str | None = None) -> str:
    """Return the condition of rows whose column `NAME_id` refers to a table with a column `farm_id`."""
    return f"t.{name}_id IN (SELECT p.id FROM public.{table or name} p WHERE p.farm_id = {{farm}})"  # noqa: S608 - our own names


_OWN: Final = "t.farm_id = {farm}"

SPOKEN_BY: Final = r"""(d.device = 'tts:' || substring(r.topic FROM '^v3/[^/]+/devices/([^/]+)/up$')
  OR d.device = 'chirpstack:' || lower(substring(r.topic FROM '^application/[^/]+/device/([0-9A-Fa-f]+)/event/up$'))
  OR d.device LIKE 'senml:%' AND position(convert_to(substr(d.device, 7), 'UTF8') IN r.payload) > 0)"""
"""Whether a rejected message `r` is that of a device `d` of a network server."""

_REJECTED: Final = f"""t.farm_id = {{farm}} OR t.farm_id IS NULL AND (
  EXISTS (SELECT FROM public.farm f WHERE f.id = {{farm}} AND starts_with(t.topic, 'animov/v1/' || f.name || '/'))
  OR EXISTS (SELECT FROM public.device_alias d JOIN public.collar c ON c.id = d.collar_id
    WHERE c.farm_id = {{farm}} AND {SPOKEN_BY.replace("r.", "t.")}))"""  # noqa: S608 - our own words

OF_FARM: Final[Mapping[str, str]] = {
    "farm": "t.id = {farm}",
    **dict.fromkeys(("animal_group", "animal", "collar"), _OWN),
    **dict.fromkeys(("assignment", "membership"), _of("animal")),
    **dict.fromkeys(("calibration", "device_alias", "collar_status", "battery_day"), _of("collar")),
    "journal": _OWN,
    "app_user": "t.id IN (SELECT r.user_id FROM public.app_user_farm r WHERE r.farm_id = {farm})",
    **dict.fromkeys(("app_user_farm", "api_key", "farm_reader", "audit_log"), _OWN),
    **dict.fromkeys(("notice_rule", "notice_channel"), _OWN),
    "notification": _of("channel", "notice_channel"),
    "alert": _OWN,
    **dict.fromkeys(("alert_change", "notice"), _of("alert")),
    **dict.fromkeys(("animal_day", "bout", "animal_state"), _of("animal")),
    "series": _OWN,
    **dict.fromkeys(
        ("series_day", "series_hour", "forecast", "score", "band_calibration", "watched_window", "watch_rule"),
        _of("series"),
    ),
    **dict.fromkeys(("training", "model", "model_alias", "model_change"), _OWN),
    "training_artefact": _of("training"),
    **dict.fromkeys(("regressor_selection", "reselection", "weather_forecast", "forecast_cycle"), _OWN),
    **dict.fromkeys(("forecast_block", "unscored_bucket", "tracking", "day_basis"), _OWN),
    **dict.fromkeys(("stale_bucket", "stale_hour", "changed_bucket", "changed_span", "posted_message"), _OWN),
    **dict.fromkeys(("news", "news_forgotten"), _OWN),
    "posture_window": _of("animal"),
    **dict.fromkeys(("motion", "evidence"), _of("collar")),
    "rejected_message": _REJECTED,
    "raw_pack": _OWN,
}
"""Tables in the order of an export, each with the condition of a farm's rows `t`; `{farm}` stands for its id."""

SHOWN_BY: Final[Mapping[str, str]] = {"stored_evidence": "evidence", "stored_window": "posture_window"}
"""Tables that are read by a view, which stands in `OF_FARM` in place of each."""

KEPT_BACK: Final[Mapping[str, frozenset[str]]] = {
    "collar": frozenset({"password_hash"}),
    "app_user": frozenset({"password_hash", "platform"}),
    "api_key": frozenset({"hash"}),
    "notice_channel": frozenset({"secret"}),
}
"""Columns that are not exported: secrets, and what is not the farm's to know."""

OF_PEOPLE: Final = frozenset({"user_session", "invitation"})
"""Go with the people who belong to no other farm; nothing but secrets, so nothing to export."""

OF_THE_NODE: Final = frozenset(
    {
        *("alembic_version", "clock", "farm_deletion", "flush_minute", "login_attempt", "posture_rule"),
        *("rights_version", "signing_key"),
    }
)
"""Hold nothing of a farm. Beside them stands the job queue, whose rows name farms and work by numbers."""
