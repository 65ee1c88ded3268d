-- A farm with a group of three; @farm stands for its name.
INSERT INTO farm (name, title, latitude, longitude, events)
VALUES ('@farm', '@farm', 47.5, 0.7, '[{"name": "@farm milking", "at": "06:30", "minutes": 60}]');
INSERT INTO animal_group (farm_id, name) SELECT max(id), '@farm dairy' FROM farm;
INSERT INTO animal (farm_id, name) SELECT f, '@farm goat ' || n FROM (SELECT max(id) AS f FROM farm) x, generate_series(1, 3) n;
INSERT INTO collar (farm_id, name) SELECT farm_id, '@farm-' || id FROM animal WHERE farm_id = (SELECT max(id) FROM farm);
INSERT INTO assignment (collar_id, animal_id, during) SELECT c.id, a.id, '(,)' FROM animal a
  JOIN collar c ON c.name = '@farm-' || a.id WHERE a.farm_id = (SELECT max(id) FROM farm);
INSERT INTO membership (animal_id, group_id, during) SELECT a.id, (SELECT max(id) FROM animal_group), '(,)' FROM animal a
  WHERE a.farm_id = (SELECT max(id) FROM farm);
INSERT INTO series (farm_id, group_id) SELECT farm_id, id FROM animal_group WHERE farm_id = (SELECT max(id) FROM farm)
  UNION ALL SELECT max(id), NULL FROM farm;
