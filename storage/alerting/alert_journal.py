"""What the journal tells of the time before an alert: of its animal, its group and the whole farm."""

from typing import Final

BEFORE_H: Final = 48
"""Hours before an alert began in which something may have to do with it."""

_MOST: Final = 10

JOURNAL: Final = f"""
LEFT JOIN LATERAL (
  SELECT coalesce(n.id, (SELECT w.animal_id FROM assignment w
    WHERE w.collar_id = a.collar_id AND w.during @> a.since)) AS animal) worn ON true
LEFT JOIN LATERAL (
  SELECT coalesce(g.id, (SELECT m.group_id FROM membership m
    WHERE m.animal_id = worn.animal AND m.during @> a.since)) AS group_id) within ON true
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('id', e.id, 'kind', e.kind, 'about', e.about, 'name', e.name, 'start', e.start,
    'until', e.until, 'note', e.note) ORDER BY e.start DESC, e.id DESC) AS entries
  FROM (
    SELECT j.id, j.kind, j.start, j.until, j.note,
      CASE WHEN j.animal_id IS NOT NULL THEN 'animal' WHEN j.group_id IS NOT NULL THEN 'group' ELSE 'farm' END AS about,
      coalesce(ja.name, jg.name, f.name) AS name
    FROM journal j LEFT JOIN animal ja ON ja.id = j.animal_id LEFT JOIN animal_group jg ON jg.id = j.group_id
    WHERE j.farm_id = a.farm_id AND j.start <= a.opened_at
      AND (j.start >= a.since - interval '{BEFORE_H} hours' OR j.until > a.since - interval '{BEFORE_H} hours')
      AND CASE
        WHEN j.animal_id IS NOT NULL THEN j.animal_id = worn.animal OR (worn.animal IS NULL AND EXISTS (
          SELECT FROM membership m
          WHERE m.animal_id = j.animal_id AND m.group_id = within.group_id AND m.during @> a.since))
        WHEN j.group_id IS NOT NULL THEN j.group_id = within.group_id
          OR (worn.animal IS NULL AND within.group_id IS NULL)
        ELSE true END
    ORDER BY j.start DESC, j.id DESC LIMIT {_MOST}) e) told ON true
"""  # noqa: S608 - our own words
"""Joins of `alert a` with its farm `f`, group `g` and animal `n`: `told.entries`, the latest first; null if none.

That of a group's alert is what was written of the group and of the animals in it then, that of a herd's or farm's what
was written of groups; a collar's is that of the animal that wore it. What went on until then counts too, and so does
what came after an alert's beginning and before it was raised.
"""
