SELECT "t"."id" FROM "messages" AS "t" WHERE "t"."note" IS NULL OR (("t"."note" IS '')) OR (("t"."note" IS NOT ?)) LIMIT ? OFFSET ?
