-- Mentions that are gone have no row to join: their labels are not given out.
SELECT c.mention, m.title, m.text, m.lang, c.fields, c.values
FROM
(
    SELECT mention, groupArray(toString(field)) AS fields, groupArray(value) AS values
    FROM corrections FINAL
    WHERE organisation = {organisation:String} AND mention NOT IN (SELECT id FROM tombstones)
    GROUP BY mention
) AS c
INNER JOIN
(
    SELECT id, title, text, toString(lang) AS lang
    FROM mentions
    WHERE organisation = {organisation:String} AND id IN (SELECT mention FROM corrections WHERE organisation = {organisation:String})
    ORDER BY id, seen_at DESC, stored_at DESC
    LIMIT 1 BY id
) AS m ON m.id = c.mention
ORDER BY c.mention
