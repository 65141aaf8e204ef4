SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."score" > ? AND "t"."score" <= ? AND "t"."score" <> ? LIMIT ? OFFSET ?
