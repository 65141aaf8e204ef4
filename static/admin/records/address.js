// What the address says of the table: filter, sort, and the record that is open. Used by records.js.

const KEYS = ['filter', 'sort', 'record'];

/** What the address says now: `{ filter, sort, record }`, each a text. */
export function read() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(KEYS.map((key) => [key, query.get(key) ?? '']));
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
