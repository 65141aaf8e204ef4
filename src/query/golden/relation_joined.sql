SELECT "t"."id" FROM "messages" AS "t" WHERE EXISTS(SELECT 1 FROM (SELECT 1) AS "one1" LEFT JOIN "users" AS "j2" ON "j2"."id" = "t"."author" WHERE "j2"."name" = ?) LIMIT ? OFFSET ?
