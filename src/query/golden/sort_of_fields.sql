SELECT "t"."id" FROM "messages" AS "t" ORDER BY "t"."created" DESC, "t"."text" ASC, json_extract("t"."meta", ?) ASC LIMIT ? OFFSET ?
