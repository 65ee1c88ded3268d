"""What every table and every column means that its name does not tell: the data dictionary is read from here."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = {
    "farm": "A farm: its clock, its place, its daily events, and how much must be known for a ratio to count.",
    "animal_group": "Animals that are kept and forecast together.",
    "animal": "An animal; who wears what and who is in which group stands in assignment and membership.",
    "collar": "A collar or tag; made when it is first heard, read once somebody has said its mount.",
    "assignment": "Which animal wore a collar when; corrections derive the windows again that they touch.",
    "membership": "Which group an animal was in when.",
    "app_user": "Somebody who may log in.",
    "app_user_farm": "What somebody may do on which farm.",
    "evidence": "What one collar said of one bucket, found by one method; merged by bitwise OR, never about an animal.",
    "posture_window": "What is known of one animal in one bucket; derived from evidence in the transaction that touched it.",
    "rejected_message": "A message that was not admitted: the same one is kept once and counted.",
    "collar_status": "The latest that a collar said of itself.",
    "forecast": "A forecast as issued: never rewritten.",
}

VIEWS = {
    "farm_window": "The windows of the farms that a transaction may see.",
    "farm_forecast": "The forecasts of the farms that a transaction may see.",
    "farm_score": "The scores of the farms that a transaction may see.",
    "farm_collar_heard": "When the collars of the farms that a transaction may see were last heard.",
}

COLUMNS = {
    "app_user.password_hash": "Argon2.",
    "assignment.during": "From the lower end (inclusive) to the upper (exclusive); an open end is since or for ever.",
    "calibration.axes": "What the three numbers of a sample are, in order, such as fwd,up,right; -up points down.",
    "calibration.effective_from": "Time of events, on the collar's clock, from which it counts.",
    "calibration.generation": "A complete reading of the collar's history; 0 is the first.",
    "calibration.hold_s": "Seconds that a sample stands for.",
    "calibration.parameters": "What the rule was fitted to; empty for an uncalibrated one.",
    "changed_bucket.version": "Counts the changes since the marker was last taken.",
    "clock.ceiling": "What the clock does not pass: a simulation raises it when all that was due is acknowledged.",
    "clock.speed": "Node seconds for one second on the wall.",
    "collar.name": "As in its topics.",
    "collar.password_hash": "sha256 of the password for MQTT, which is random and long; none if it has no password.",
    "collar_status.at": "When the collar said so, by its own clock.",
    "collar_status.battery_v": "Volts.",
    "collar_status.rssi_dbm": "Strength of the radio signal, dBm.",
    "device_alias.device": "The network server and the device's name there.",
    "evidence.lying": "Seconds in which the animal lay.",
    "evidence.method": "1000 * posture_rule.id + generation.",
    "evidence.received": "Seconds of which anything came; holds every second of standing and lying.",
    "evidence.standing": "Seconds in which the animal stood.",
    "farm.animal_coverage": "Share of a bucket's seconds that must be known for an animal's ratio to count.",
    "farm.group_coverage": "Share of its members' seconds that must be known for a group's ratio to count.",
    "farm.latitude": "Degrees, north positive.",
    "farm.longitude": "Degrees, east positive.",
    "farm.name": "As in MQTT topics.",
    "farm.time_zone": "IANA name; days and daily events follow it.",
    "farm.title": "As people call it.",
    "forecast.backtest": "Issued in hindsight, from nothing but what lay before issued_at.",
    "forecast.constant_mean": "Baseline: the mean of the history.",
    "forecast.inputs_hash": "sha256 of all that it was made from.",
    "forecast.issued_at": "Start of the first step: nothing from later was known.",
    "forecast.lower80": "Lower end of the 80 % band; the other bands likewise.",
    "forecast.mean_profile": "Baseline: the mean of the same time of day over 14 days.",
    "forecast.model": "Which model made it.",
    "forecast.reason": "Why it is a fallback, where it is one.",
    "forecast.seasonal_naive": "Baseline: the same time of the most recent day.",
    "forecast.specification": "Of the model, as JSON.",
    "forecast_cycle.seconds": "Seconds that reading and fitting took.",
    "forecast_cycle.series": "How many forecasts were issued.",
    "forecast_cycle.slot": "The quarter of an hour from which on was forecast.",
    "membership.during": "From the lower end (inclusive) to the upper (exclusive); an open end is since or for ever.",
    "posture_rule.rank": "Order of trust; more is more.",
    "posture_window.known_s": "Seconds in which the animal is known to have stood or lain.",
    "posture_window.lying": "The seconds in which it lay.",
    "posture_window.received_s": "Seconds of which anything came.",
    "posture_window.standing": "The seconds in which it stood.",
    "posture_window.standing_ratio": "standing_s / known_s, 0 to 1; null without enough coverage.",
    "posture_window.standing_s": "Seconds in which it stood.",
    "raw_pack.messages": "How many messages.",
    "rejected_message.code": "Stable name of the reason.",
    "rejected_message.count": "How often it came.",
    "rejected_message.detail": "The reason in a sentence, with the value at fault.",
    "rejected_message.farm_id": "The farm that its topic names, if there is one.",
    "rejected_message.size": "Length of the payload in bytes.",
    "score.band": "Steps of the horizon, both ends inclusive.",
    "score.covered80": "How many truths lay in the 80 % band; none for baselines, which have no bands.",
    "score.covered95": "The same for the 95 % band.",
    "score.model": "model, or a baseline: persistence, mean, seasonal_naive, mean_14d.",
    "score.n": "How many forecasts; RMSE over any span is sqrt(sum(sum_squared) / sum(n)).",
    "score.sum_error": "Of forecast minus truth.",
    "score.target": "The slot that was forecast.",
}


def upgrade() -> None:
    for kind, described in (("TABLE", TABLES), ("VIEW", VIEWS), ("COLUMN", COLUMNS)):
        for name, comment in described.items():
            op.execute("COMMENT ON {} {} IS '{}'".format(kind, name, comment.replace("'", "''").replace(":", "\\:")))
    op.execute("COMMENT ON FUNCTION animov_now() IS 'The node''s time; panels and alerts ask it in place of now().'")
