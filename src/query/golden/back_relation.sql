SELECT "t"."id" FROM "users" AS "t" WHERE EXISTS(SELECT 1 FROM (SELECT 1) AS "one1" LEFT JOIN "messages" AS "j2" ON "j2"."author" = "t"."id" WHERE ("j2"."text" LIKE ? ESCAPE '\')) LIMIT ? OFFSET ?
