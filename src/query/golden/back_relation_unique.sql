SELECT "t"."id" FROM "users" AS "t" WHERE EXISTS(SELECT 1 FROM (SELECT 1) AS "one1" LEFT JOIN "profiles" AS "j2" ON "j2"."user" = "t"."id" WHERE "j2"."bio" = ?) LIMIT ? OFFSET ?
