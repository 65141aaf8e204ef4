SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."text" <> ? LIMIT ? OFFSET ?
