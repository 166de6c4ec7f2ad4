SELECT copy_group, uniqExact(id)
FROM mentions
WHERE organisation = {organisation:String} AND copy_group IN wanted
GROUP BY copy_group
