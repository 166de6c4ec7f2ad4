SELECT min(hour) FROM hours FINAL WHERE organisation = {organisation:String} AND notEmpty(counts)
