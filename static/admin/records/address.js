// What the address says of the table: filter, sort, and the record that is open. Used by records.js.

const KEYS = ['filter', 'sort', 'record'];

/** What the address says now of a collection: `{ filter, sort, record }`, each a text. */
export function read(collection) {
  const query = new URLSearchParams(location.search);
  const state = Object.fromEntries(KEYS.map((key) => [key, query.get(key) ?? '']));
  return { ...state, sort: possible(state.sort, collection) };
}

/** A link may be older than the collection: the list isn't sorted by fields that have gone. */
function possible(sort, { fields }) {
  const hasGone = (part) => {
    const [, name] = /^\s*[-+]?([A-Za-z_]\w*)\s*$/.exec(part) ?? [];
    return name && !fields.some((field) => field.name === name);
  };
  return sort
    .split(',')
    .filter((part) => !hasGone(part))
    .join(',');
}

/** The address that says this. */
export function addressOf(state) {
  const url = new URL(location.href);
  for (const key of KEYS) {
    if (state[key]) url.searchParams.set(key, state[key]);
    else url.searchParams.delete(key);
  }
  return url;
}
