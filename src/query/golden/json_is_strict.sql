SELECT "t"."id" FROM "messages" AS "t" WHERE ((json_extract("t"."meta", ?) IS ?)) AND json_extract("t"."meta", ?) IS NULL AND ((json_extract("t"."place", ?) IS NOT ?)) LIMIT ? OFFSET ?
