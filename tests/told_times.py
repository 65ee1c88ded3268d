"""Lengths of time and instants as people read them: what every place that tells them is held to."""

from datetime import UTC, datetime

LENGTHS = [
    (0, "0 min", "0 min"),
    (0.4, "0 min", "0 min"),
    (0.5, "1 s", "1 s"),
    (119.4, "119 s", "119 s"),
    (119.5, "2 min", "2 min"),
    (149, "2 min", "2 min"),
    (150, "3 min", "3 min"),
    (35 * 60, "35 min", "35 min"),
    (3569, "59 min", "59 min"),
    (3570, "1 h", "1 h"),
    (65 * 60, "1 h 05", "1 h 5 min"),
    (275 * 60, "4 h 35", "4 h 35 min"),
    (2.4 * 3600, "2 h 24", "2 h 24 min"),
    (24 * 3600, "24 h", "24 h"),
    (172_769, "47 h 59", "47 h 59 min"),
    (172_770, "2 jours", "2 days"),
    (60 * 3600 - 1, "3 jours", "3 days"),
    (59 * 3600, "2 jours", "2 days"),
    (100_000 * 3600, "4167 jours", "4167 days"),
]
"""Seconds, and how French and English tell them."""

MOMENTS = [
    (datetime(2026, 5, 3, 12, tzinfo=UTC), "dimanche 3 mai 14:00", "Sunday 3 May 14:00"),
    (datetime(2026, 5, 4, 22, 5, tzinfo=UTC), "mardi 5 mai 00:05", "Tuesday 5 May 00:05"),
    (datetime(2026, 8, 1, 7, 59, 59, tzinfo=UTC), "samedi 1 août 09:59", "Saturday 1 August 09:59"),
    (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "vendredi 1 janvier 00:30", "Friday 1 January 00:30"),
    (datetime(2026, 2, 18, 5, tzinfo=UTC), "mercredi 18 février 06:00", "Wednesday 18 February 06:00"),
]
"""Instants, and how French and English tell them on the wall clock of Europe/Paris."""
