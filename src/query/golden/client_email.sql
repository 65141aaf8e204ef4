SELECT "t"."id" FROM "users" AS "t" WHERE ("t"."email" = ? AND "t"."emailVisibility" = (1)) OR "t"."name" = ? LIMIT ? OFFSET ?
