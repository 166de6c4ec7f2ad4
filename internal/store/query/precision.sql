SELECT if(v.alerted, 'alert', 'watch') AS tier, v.verdict, count()
FROM
(
    SELECT judged.verdict AS verdict, known.alerted AS alerted
    FROM (SELECT issue, argMax(verdict, at) AS verdict FROM verdicts WHERE organisation = {organisation:String} GROUP BY issue) AS judged
    INNER JOIN
    (
        SELECT id, max(tier = 'alert') AS alerted FROM issues WHERE organisation = {organisation:String} GROUP BY id
    ) AS known ON known.id = judged.issue
) AS v
GROUP BY tier, v.verdict
ORDER BY tier, v.verdict
