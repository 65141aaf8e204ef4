SELECT "t"."id" FROM "users" AS "t" ORDER BY (CASE WHEN ("t"."emailVisibility" = (1)) THEN "t"."email" ELSE '' END) ASC LIMIT ? OFFSET ?
