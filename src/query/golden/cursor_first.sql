SELECT "t"."id", "t"."created", "t"."id" FROM "messages" AS "t" ORDER BY "t"."created" DESC, "t"."id" DESC LIMIT ? OFFSET ?
