"""Everything that can be set, in one frozen object read from `ANIMOV_*` variables."""

import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError
from core.kafka_login import Mechanism
from core.logs import LogFormat
from core.mail_server import parse_mail_server
from core.private_networks import parse_allowed

PREFIX = "ANIMOV_"

_SECRETS = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/run/secrets"))
"""Where systemd, or an engine of containers, puts files named after settings, such as `animov_database_url`."""


def default_data_dir() -> Path:
    """Return the folder for a node's data where the platform expects such things."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "animov"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "animov"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "animov"


def _in_seconds(value: object) -> object:
    return float(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value


Duration = Annotated[timedelta, BeforeValidator(_in_seconds)]
"""A time span: plain seconds, `00:05:00` or ISO 8601 (`PT5M`)."""


def _of_a_mail_server(value: SecretStr) -> SecretStr:
    parse_mail_server(value.get_secret_value())
    return value


SmtpUrl = Annotated[SecretStr, AfterValidator(_of_a_mail_server)]
"""Where mails are handed in; see `core.mail_server`."""


def _of_networks(value: str) -> str:
    parse_allowed(value)
    return value


WebhookNetworks = Annotated[str, AfterValidator(_of_networks)]
"""Names and networks, with commas between them; see `core.private_networks`."""


class Settings(BaseSettings):
    """Settings of one process; a wrong value is refused before anything starts."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", secrets_dir=_SECRETS if _SECRETS.is_dir() else None
    )

    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of this node: database, secrets, lock; made if missing."
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 15 or newer to use in place of the embedded server: postgresql://user:password@host/db.",
    )
    host: str = Field("127.0.0.1", description="Address on which MQTT and the API listen.")
    mqtt_port: int = Field(1883, ge=0, le=65535, description="Port of the MQTT endpoint; 0 picks a free one.")
    api_port: int = Field(8000, ge=0, le=65535, description="Port of the API; 0 picks a free one.")
    db_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Loopback TCP port of the embedded database, for Grafana and psql; none if unset.",
    )
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe event that is logged."
    )
    log_format: LogFormat = Field("text", description="Logs for people (text) or for collectors (json).")

    signing_algorithm: Literal["HS256", "EdDSA"] = Field(
        "HS256",
        description="With what access tokens are signed; EdDSA where other services check them, by "
        "/.well-known/jwks.json.",
    )
    signing_secret: SecretStr | None = Field(
        None,
        description="What the keys of access tokens follow from, 32 bytes or more: the same wherever the API of one "
        "database runs; that of the data directory if unset.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="What lets read /metrics, sent as 'Authorization: Bearer ...', 16 characters or more; if unset, "
        "only the machine of the API reads it, and not through a proxy.",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of /metrics and /health of a bridge, a worker or the forecast worker: where they listen if "
        "there is a metrics token, else on this machine alone; 0 picks a free one; none if unset.",
    )
    tls_certificate: Path | None = Field(None, description="PEM certificate chain; with it MQTT speaks TLS only.")
    tls_key: Path | None = Field(None, description="PEM private key of the certificate.")
    max_payload_bytes: int = Field(
        262_144,
        ge=1024,
        le=16_777_216,
        description="Largest MQTT payload that is taken; larger ones end the connection.",
    )
    inbox_bytes: int = Field(
        33_554_432, ge=1_048_576, description="Received and not yet committed bytes above which reading pauses."
    )
    flush_keys: int = Field(
        2000, ge=1, le=20_000, description="Most evidence rows (collar, method, bucket) that one flush commits."
    )
    future_limit: Duration = Field(
        timedelta(minutes=5), description="A message further in the future than this is rejected."
    )
    age_limit: Duration | None = Field(None, description="A message older than this is rejected; never if unset.")

    windows_days: int | None = Field(
        None, ge=1, description="Days that evidence and windows are kept; for ever if unset."
    )
    sheets_days: int = Field(1830, ge=28, description="Days that daily sheets of animals are kept.")
    motion_days: int = Field(
        28, ge=1, description="Days that is kept how collars moved, for learning how they sit on their animals."
    )
    forecasts_days: int = Field(90, ge=3, description="Days that forecasts as issued are kept.")
    audit_days: int = Field(730, ge=1, description="Days that is kept what people and keys changed through the API.")
    alerts_days: int = Field(730, ge=1, description="Days that alerts are kept after they are over.")
    rejected_days: int = Field(30, ge=1, description="Days that rejected messages are kept.")
    raw_days: int = Field(7, ge=0, description="Days that raw messages are kept, for recomputing posture.")
    raw_bytes: int = Field(
        2_147_483_648, ge=0, description="Bytes of raw messages that are kept at most; oldest go first."
    )

    kafka_brokers: str | None = Field(
        None,
        min_length=1,
        description="Some brokers of a Kafka cluster, host:port separated by commas, for a bridge (ingest --to kafka) "
        "and workers (stream).",
    )
    kafka_tls: bool = Field(
        False,
        description="Speak TLS with Kafka; the certificates of its brokers are judged by the system's authorities.",
    )
    kafka_ca: Path | None = Field(
        None, description="PEM of the authorities that judge Kafka's brokers in place of the system's; asks for TLS."
    )
    kafka_user: str | None = Field(None, min_length=1, description="Name to log in to Kafka by SASL; none if unset.")
    kafka_password: SecretStr | None = Field(None, description="Password of that name.")
    kafka_mechanism: Mechanism = Field(
        "SCRAM-SHA-512", description="Mechanism of SASL; PLAIN only makes sense with TLS."
    )
    kafka_topic: str = Field(
        "animov.readings.v1",
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="Topic of packed readings; made if missing.",
    )
    kafka_partitions: int = Field(
        12, ge=1, le=1000, description="Partitions of the topic where it is made: most workers that can share the load."
    )
    kafka_copies: int = Field(
        1, ge=1, le=7, description="Brokers that hold each partition of the topic where it is made: 3 of 3 brokers."
    )
    kafka_group: str = Field(
        "animov", pattern=r"^[A-Za-z0-9._-]{1,200}$", description="Consumer group that the workers of one node share."
    )
    commit_patience: Duration = Field(
        timedelta(minutes=2),
        ge=timedelta(seconds=1),
        description="A worker that has read messages ends when nothing was committed for so long although the database "
        "answers, so that another takes over; a bridge or a worker that Kafka has not answered for so long is not "
        "healthy.",
    )

    slot_grace: Duration = Field(
        timedelta(seconds=60), description="Wait after the end of a quarter of an hour before it is forecast from."
    )
    history_days: int = Field(21, ge=1, le=60, description="Days of history that a forecast is fitted to.")
    deviation_false_alarms: float = Field(
        0.5,
        ge=0.01,
        le=100,
        description="False alarms per 100 animals and week that series outside their band may raise, all together.",
    )
    silence: Duration = Field(
        timedelta(minutes=30),
        ge=timedelta(minutes=15),
        description="A collar that was not heard for longer is called silent, unless such pauses are usual with it.",
    )
    battery_low_v: float = Field(
        3.5,
        ge=0,
        description="Volts below which a collar's battery is low: 3.5 suits lithium-ion cells; 0 if none is to be.",
    )
    animal_false_alarms: float = Field(
        1.0,
        ge=0.25,
        le=16,
        description="False alarms per 100 animals and week that animals off their own habits may raise, all together.",
    )
    skill_threshold: float = Field(
        -0.05,
        ge=-1,
        le=1,
        description="Skill of seven days (1 - RMSE of the model / RMSE of the best simple forecast) below which "
        "another model is looked for.",
    )
    scores_days: int = Field(
        400,
        ge=28,
        description="Days that scores are kept, and the record of searches, of trainings and of models that never "
        "reigned.",
    )
    weather_url: HttpUrl | None = Field(
        None,
        description="Where weather forecasts in Open-Meteo's format are fetched each hour, such as "
        "https://api.open-meteo.com/v1/forecast (free for non-commercial use only); none are if unset.",
    )
    weather_key: SecretStr | None = Field(None, description="Key for the weather provider, if it wants one.")
    smtp_url: SmtpUrl | None = Field(
        None,
        description="Server that mails about alerts are handed to: smtps://user:password@host:port, starttls://... "
        "or, without a password or within the machine, smtp://...; none are sent if unset.",
    )
    smtp_sender: str | None = Field(
        None,
        pattern=r"^[^\r\n]*[^@\s<>]+@[A-Za-z0-9.-]+>?$",
        description="Address that mails come from, such as AniMOV <animov@example.org>; if unset, the user of the "
        "server where that is an address, or animov at its host.",
    )
    webhook_networks: WebhookNetworks = Field(
        "",
        description="What webhooks may reach besides the public internet, names and networks: "
        "homeassistant.lan,192.168.1.0/24; nothing if empty.",
    )
    grafana_url: HttpUrl | None = Field(
        None, description="Grafana server that `animov dashboards push` fills: https://grafana.example.org/."
    )
    grafana_token: SecretStr | None = Field(
        None, description="Token of a service account of that server's organisation, as administrator."
    )
    grafana_mails: str = Field(
        "", description="Who is told by Grafana's alert rules: addresses with commas between; its policies if empty."
    )
    homeassistant_url: SecretStr | None = Field(
        None,
        description="MQTT broker of a Home Assistant that is to show farms: mqtt://user:password@host:port, or "
        "mqtts:// for TLS; none is shown if unset.",
    )
    homeassistant_ca: Path | None = Field(
        None, description="PEM of the authorities that judge that broker's certificate in place of the system's."
    )
    homeassistant_prefix: str = Field(
        "homeassistant",
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        description="Discovery prefix, as it is set in that Home Assistant.",
    )
    homeassistant_node: str = Field(
        "animov",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of this node at that broker, with which its topics and devices begin; nodes on one broker "
        "need names of their own.",
    )
    homeassistant_farms: str = Field(
        "", description="Which farms that Home Assistant shows: ids with commas between; all of the node if empty."
    )
    mlflow_uri: SecretStr | None = Field(
        None,
        description="Where MLflow keeps runs and models: http://host:port of a server, or postgresql://...; "
        "if unset, SQLite and a folder of artefacts under mlflow/ in the data directory.",
    )
    mlflow_cycle_days: int = Field(
        30, ge=1, description="Days that MLflow keeps the runs of forecast cycles; those of trainings stay."
    )
    artefacts_days: int = Field(
        365, ge=1, description="Days that files of trainings (tables, plot, upload) are kept; a champion's stay."
    )


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `None` among the overrides means 'not given on the command line'.

    Raises:
        SettingsError: a value is not allowed, or a variable begins with `ANIMOV_` and names no setting.
    """
    _refuse_unknown(os.environ)
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    field = str(first["loc"][0])
    described = Settings.model_fields[field].description if field in Settings.model_fields else ""
    shown = "(hidden)" if field in _SECRET else repr(first["input"])
    return f"{PREFIX}{field.upper()} is {shown}: {first['msg']}. {described}"


_SECRET = frozenset(
    {
        *("database_url", "grafana_token", "homeassistant_url", "metrics_token", "mlflow_uri", "signing_secret"),
        *("smtp_url", "weather_key"),
    }
)
"""Settings of which no message repeats the value."""

_NOT_SETTINGS = frozenset({"ANIMOV_RECORDINGS", "ANIMOV_TEST_DATABASE", "ANIMOV_REQUIRE_ALL", "ANIMOV_LIFELINE"})
"""Variables that tests and the supervisor use; no setting of a process."""


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _NOT_SETTINGS
    allowed = ", ".join(sorted(known - _NOT_SETTINGS))
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(f"{name} is set, but there is no such setting; there are {allowed}")
