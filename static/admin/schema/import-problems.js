// What the server has refused of an import, with the names of collection and fields instead of their places. Pure.
//
// Used by the import of definitions.

import { flatten } from './problems.js';

const REFUSED = /^The collection (.*?) \((\S*)\) can't be imported\.\n(\{[\s\S]*\})\.?$/;

/**
 * @param {object} data the problems of the answer
 * @param {{ added: object[], changed: { before: object, after: object }[] }} plan what was to be done
 * @returns {{ collection: string, lines: string[] } | null} `null` if it isn't about one collection
 */
export function importProblems(data, { added, changed }) {
  const [, collection, id, json] = REFUSED.exec(data?.collections?.message ?? '') ?? [];
  if (json === undefined) return null;
  let problems;
  try {
    problems = JSON.parse(json);
  } catch {
    return null;
  }
  const fresh = added.find((one) => one.id === id || one.name === collection);
  const fields = changed.find(({ after }) => after.id === id)?.after.fields ?? withId(fresh?.fields ?? []);
  const lines = flatten(problems).map(({ path, message }) => {
    if (path[0] !== 'fields' || path.length < 2) return [path.join(' '), message].filter(Boolean).join(': ');
    const name = fields[Number(path[1])]?.name ?? `number ${Number(path[1]) + 1}`;
    return `Field ${name}${path.length > 2 ? `, ${path.slice(2).join(' ')}` : ''}: ${message}`;
  });
  return { collection, lines };
}

/** The server puts an id in front of fields without one. */
const withId = (fields) => (fields.some(({ name }) => name === 'id') ? fields : [{ name: 'id' }, ...fields]);
