SELECT copy_group, toDate(published_at) AS day, uniqExact(id)
FROM mentions
WHERE organisation = {organisation:String} AND copy_group IN wanted AND toDate(published_at) IN days
GROUP BY copy_group, day
