// All operations of a collection, in groups. Called by preview.js.

import { accountOperations } from './accounts.js';
import { tooMany } from './answers.js';
import { recordOperations } from './records.js';

/**
 * @param {object} context
 *   `base`: the server's address; `collection`; `collections`; `record`, one that is there, or `null`; `total`, how
 *   many there are; `example`, of examples.js; `batch` and `limited`, whether batches
 *   and rate limits are on.
 * @returns {{ name: string, operations: object[] }[]}
 */
export function operationsOf(context) {
  const groups = new Map();
  for (const operation of [...recordOperations(context), ...accountOperations(context)]) {
    if (!groups.has(operation.group)) groups.set(operation.group, []);
    const isTold = !context.limited || operation.answers.some((one) => one.status === 429);
    const answers = isTold ? operation.answers : [...operation.answers, tooMany()];
    groups.get(operation.group).push({ ...operation, answers });
  }
  return [...groups].map(([name, operations]) => ({ name, operations }));
}
