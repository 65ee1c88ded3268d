"""What a simulated herd is like. Defaults are the literature's figures for housed dairy goats.

Sources, by short name:
    Ruminants 2023: 3(2):10, one housed dairy-goat herd: lying 10.7-12.5 h a day in 22-33 bouts of 22-34 min,
        longest at night, shortest at milking; hot afternoons bring many short bouts.
    Piccione, Giannetto: goats are diurnal, entrained by light and feeding time, which they anticipate.
    IceTag cows: day-to-day SD of the hours standing 1.4-2.2 h for each animal, measured on five leg loggers.
    Barwick; Moreau 2009: collars turn, and their orientation differs between animals.
    ACT, Nofence: 10 Hz is usual for neck collars.
    WASP: WASP-lab/db-cow-walking, neck collars of ten cows at 10 Hz, labelled; measured by us on stretches of ten
        seconds. In the plane in which the neck goes down to graze, against walking, medians of sessions: grazing
        -16 to -51 degrees (median -27), standing 4 to 19 (8), resting 9 to 32 (23), two of seven sessions of rest
        rolled by 28 degrees; SD within a session 2 to 8, between sessions 5 standing and 9 resting. Mean VeDBA:
        walking 0.13-0.28 g (0.19), grazing 0.19-0.38 (0.30), standing 0.05-0.11 (0.06, from 0.05 to 0.09 between
        quartiles), resting 0.014-0.018 or 0.064-0.086. Walking differs by 3 to 8 degrees from day to day on one cow,
        twice by 20 to 30. "Resting" is not said to mean lying; that a cow lies with a steeper neck than it stands
        with is also in Vazquez Diosdado 2015 (10.1186/s40317-015-0045-8, figure 1).
    Sheep: grazing above 0.1 g of ODBA in one study. A goat's grazing is set between that and the cows' 0.30 g, at
        0.17, so that grazing and walking can't be told apart by how strong they are.
    Goat epochs: harpomaxx/goat-behavior-model, 16 goats of a herd at pasture: grazing with the head down for 70 % of
        the time, one epoch of walking for each six of grazing, lying in grazing epochs 0.4 % of the time.
    Goat jaws: Sensors 2025, 25(1):8, foraging goats: 61 jaw movements a minute.
    Abijaoude 2000 (Livest. Prod. Sci. 64:29), dairy goats in stalls: 12 to 14 h of chewing a day.
    Ribeiro 2019, dairy goats, leg and halter: 726 min a day lying, 10 to 13 min of rumination an hour.
    Data sheets of small accelerometers (LIS2DH12, ADXL362): zero-g level within 35-50 mg typically, gain within 5-10 %.

The collar is set from cows where nothing is published of goats, and was set before any rule was fitted to it; it is
not to be changed to make a rule look better. Herds of the seeds in `REPORTED_SEEDS` are for figures that are reported,
never for choosing a rule or its thresholds.

A field without a source is a choice, set so that the whole meets those figures (`figures.py` computes them).
"""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, Literal

Mount = Literal["leg", "collar", "ear"]

REPORTED_SEEDS: Final = (101, 102, 103, 104, 105, 106)
"""Of herds by which rules for posture are judged."""


@dataclass(frozen=True, slots=True)
class Routine:
    """Something that happens every day at a time of the farm's wall clock and gets the goats up.

    Attributes:
        at: Local time at which it starts for the first group.
        minutes: How long it lasts for one group.
        stagger_min: Minutes by which each further group starts later (one milking parlour for all).
        rise_min: Mean minutes until a goat that lies gets up, while it lasts.
        lie_down: Factor on the rate of lying down while it lasts; 0 keeps them standing.
        anticipation_min: Minutes before the start in which the goats begin to stir (Piccione, Giannetto).
    """

    at: time
    minutes: float
    stagger_min: float = 0.0
    rise_min: float = 1.0
    lie_down: float = 0.0
    anticipation_min: float = 30.0


MILKING = (
    Routine(time(6, 30), minutes=35, stagger_min=30),
    Routine(time(17, 30), minutes=35, stagger_min=30),
)
FEEDING = (
    Routine(time(9, 0), minutes=40, rise_min=4, lie_down=0.15),
    Routine(time(15, 30), minutes=40, rise_min=4, lie_down=0.15),
)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How likely a goat stands, on the logit scale (0 is as often standing as lying), and for how long.

    Attributes:
        base: Logit of standing with the sun at the horizon, without routines; set for a daily mean of
            0.48-0.55 (Ruminants 2023).
        sun: Logit added at full daylight and taken away at night (diurnal: Piccione, Giannetto).
        anticipation: Logit reached when a routine starts (Piccione, Giannetto).
        day_sd: SD of the logit between days of one animal; with the chance in the bouts it gives the
            1.4-2.2 h of the IceTag cows.
        animal_sd: SD of the logit between animals of a group.
        synchrony_sd: SD of the logit that a group shares, changing from hour to hour; goats of a group copy each other.
        bout_min: Mean minutes of a bout when standing and lying are equally likely (22-34: Ruminants 2023).
        shortest_min: Minutes that every bout lasts at least, unless a routine ends it.
        lying_shape: Gamma shape of lying bouts; more is more regular.
        standing_shape: Gamma shape of standing bouts.
    """

    base: float = -0.25
    sun: float = 0.65
    anticipation: float = 1.0
    day_sd: float = 0.38
    animal_sd: float = 0.15
    synchrony_sd: float = 0.6
    bout_min: float = 26.0
    shortest_min: float = 2.0
    lying_shape: int = 2
    standing_shape: int = 1


@dataclass(frozen=True, slots=True)
class Weather:
    """The temperature in the barn and what it does to the goats.

    Attributes:
        mean_c: Mean of the year, °C.
        season_c: Half the difference between the warmest and the coldest day, °C.
        day_c: Half the difference between the warmest and the coldest hour of a day, °C.
        spell_sd_c: SD of warm and cold spells, °C.
        spell_days: Days over which a spell lasts.
        heat_c: °C above which goats respond (28.6 on the Celsius scale of a small-ruminant THI is called extreme).
        shorter_per_c: Share by which bouts shorten for each °C above (many short bouts: Ruminants 2023).
        standing_per_c: Logit of standing added for each °C above.
    """

    mean_c: float = 12.0
    season_c: float = 9.0
    day_c: float = 4.5
    spell_sd_c: float = 3.0
    spell_days: int = 4
    heat_c: float = 24.0
    shorter_per_c: float = 0.05
    standing_per_c: float = 0.03


@dataclass(frozen=True, slots=True)
class Group:
    """Goats that live together.

    Attributes:
        name: As on the farm.
        animals: How many.
        mount: Where they wear the tag.
        standing: Logit added to the herd's rhythm; adults lay 14.5 h a day and kids 8.5 h in one study.
    """

    name: str
    animals: int
    mount: Mount
    standing: float = 0.0


@dataclass(frozen=True, slots=True)
class Illness:
    """A goat lies much more than it is used to, and gets up all the same when all are made to.

    Attributes:
        animal: Number of the goat in the herd, from 0.
        start: When it begins, aware.
        end: When the goat is well again, aware, exclusive.
        standing: Logit of standing that it adds, below 0: -2 about halves the time standing, -4 leaves little but what
            the farm's routines ask for. What is published of goats gives no figure.
    """

    animal: int
    start: datetime
    end: datetime
    standing: float = -2.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A battery is empty at a time that is known, others by chance.

    Attributes:
        animal: Number of the goat that wears the collar, from 0.
        start: When the collar falls silent, aware.
        end: When its battery is changed, aware, exclusive.
    """

    animal: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Carriage:
    """How goats differ in carrying neck and head; behaviours themselves are in `behaviours`.

    The SD between sessions that was measured (WASP: 5 standing, 9 resting) is made of the SD from spell to spell
    (4 and 7, in `behaviours`) and of these.

    Attributes:
        standing_sd_deg: SD between goats of the neck's angle while they stand, against the mean of goats, degrees.
        lying_sd_deg: The same while they lie, degrees.
        restless_spread: SD of the logarithm of restlessness from moment to moment (WASP: half of the mean).
    """

    standing_sd_deg: float = 3.0
    lying_sd_deg: float = 4.0
    restless_spread: float = 0.5


@dataclass(frozen=True, slots=True)
class Rotation:
    """A tag is turned, by a fence or by a person, and stays so.

    Attributes:
        animal: Number of the goat in the herd, from 0.
        at: When it begins, aware.
        roll_deg: By how much it turns around the neck or ear, degrees.
        pitch_deg: By how much it tilts along the neck or ear, degrees.
        seconds: How long the turning takes; more than 0.
    """

    animal: int
    at: datetime
    roll_deg: float
    pitch_deg: float = 0.0
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Mounting:
    """How tags sit on neck and ear, and how good all sensors are.

    Attributes:
        roll_sd_deg: SD between tags of the angle around the neck, degrees (Barwick; Moreau 2009).
        pitch_sd_deg: SD between tags of the angle along the neck, degrees (WASP: 8 to 9).
        yaw_sd_deg: SD between tags of the angle to the left or right of the neck, degrees (WASP: 8 to 9).
        ear_factor: By how much more the angles of ear tags vary than those of collars.
        slip_roll_sd_deg: SD of the slow drift around the neck, degrees (WASP: 3 to 8 from day to day).
        slip_pitch_sd_deg: SD of the slow drift along the neck, degrees (WASP).
        slip_days: Days after which a drift has forgotten where it was.
        rotations: When which tag is turned.
        gain_sd: SD between sensors and axes of the gain, around 1 (data sheets).
        offset_sd_g: SD between sensors and axes of the offset, g (data sheets).
        noise_g: SD of the sensor's noise, g (WASP: 0.010-0.014 g of VeDBA at the stillest).
    """

    roll_sd_deg: float = 20.0
    pitch_sd_deg: float = 9.0
    yaw_sd_deg: float = 8.0
    ear_factor: float = 1.5
    slip_roll_sd_deg: float = 6.0
    slip_pitch_sd_deg: float = 4.0
    slip_days: float = 1.0
    rotations: tuple[Rotation, ...] = ()
    gain_sd: float = 0.02
    offset_sd_g: float = 0.025
    noise_g: float = 0.008


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong between a collar and the node.

    Attributes:
        radio_per_day: Times a day that a collar is out of reach (below 1).
        radio_min: Mean minutes that this lasts.
        remembered: Share of those times whose messages the tag keeps and uploads later; the others are lost.
        upload_h: Hours after which the tag uploads them.
        battery_per_day: Times a day that a battery is empty (below 1).
        battery_h: Mean hours until it is changed.
        duplicated: Share of the messages that arrive twice.
        corrupted: Share of the messages that arrive cut in half.
        clock_sd_s: SD between collars of the error of their clocks, seconds.
        silences: Empty batteries at known times.
    """

    radio_per_day: float = 0.3
    radio_min: float = 15.0
    remembered: float = 0.5
    upload_h: float = 24.0
    battery_per_day: float = 0.004
    battery_h: float = 12.0
    duplicated: float = 0.005
    corrupted: float = 0.0
    clock_sd_s: float = 0.5
    silences: tuple[Silence, ...] = ()


NO_FAULTS = Faults(radio_per_day=0, battery_per_day=0, duplicated=0, clock_sd_s=0)
"""Everything arrives, once, in time and with the right time."""


@dataclass(frozen=True, slots=True)
class HerdSettings:
    """A simulated farm; equal settings give equal herds.

    Attributes:
        farm: Farm id as in the topics.
        time_zone: IANA name; routines happen at its wall clock.
        latitude: Degrees north.
        longitude: Degrees east.
        seed: Another number gives another herd of the same kind.
        groups: Who lives there.
        routines: At least one; the first is the one at which the day begins, when every goat is made to stand.
        illnesses: Who is ill, and when.
    """

    farm: str = "demo"
    time_zone: str = "Europe/Paris"
    latitude: float = 46.6
    longitude: float = 0.3
    seed: int = 1
    groups: tuple[Group, ...] = (
        Group("dairy", 8, "leg", standing=-0.05),
        Group("first-kidders", 8, "collar", standing=0.05),
        Group("yearlings", 8, "collar", standing=0.15),
    )
    routines: tuple[Routine, ...] = MILKING + FEEDING
    rhythm: Rhythm = Rhythm()
    weather: Weather = Weather()
    carriage: Carriage = Carriage()
    mounting: Mounting = Mounting()
    faults: Faults = Faults()
    illnesses: tuple[Illness, ...] = ()
