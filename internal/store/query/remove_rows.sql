ALTER TABLE mentions DELETE WHERE id IN (SELECT toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))
