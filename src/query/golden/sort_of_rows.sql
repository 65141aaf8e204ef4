SELECT "t"."id" FROM "messages" AS "t" ORDER BY "t"."_rowid_" DESC, RANDOM() ASC LIMIT ? OFFSET ?
