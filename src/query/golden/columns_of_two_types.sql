SELECT "t"."id" FROM "messages" AS "t" WHERE (+"t"."text") = (+"t"."score") OR (+"t"."score") <> (+LOWER("t"."text")) LIMIT ? OFFSET ?
