// 100,000 records in a collection of ordinary fields, through the API that both servers have. Used by
// records_table.mjs; run by hand.

/** The collection that is measured. */
export const COLLECTION = 'measured_rows';
export const ROWS = 100_000;
const CHUNK = 1000;

const FIELDS = [
  { name: 'title', type: 'text', presentable: true },
  { name: 'amount', type: 'number' },
  { name: 'done', type: 'bool' },
  { name: 'kind', type: 'select', values: ['red', 'green', 'blue'], maxSelect: 1 },
  { name: 'due', type: 'date' },
  { name: 'contact', type: 'email' },
  { name: 'link', type: 'url' },
  { name: 'notes', type: 'editor' },
  { name: 'created', type: 'autodate', onCreate: true },
  { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true },
];

const record = (at) => ({
  title: `Row ${at} of the table`,
  amount: (at * 7919) % 10_007,
  done: at % 3 === 0,
  kind: ['red', 'green', 'blue'][at % 3],
  due: `2026-0${1 + (at % 9)}-1${at % 10} 10:00:00.000Z`,
  contact: `person${at}@example.com`,
  link: `https://example.com/rows/${at}`,
  notes: `<p>Some words about row ${at}, as people write them, neither short nor long.</p>`,
});

/** Fills a server; it may be filled already. Resolves to how many rows are there. */
export async function seed(origin, email, password) {
  const { token } = await call(origin, 'POST', '/api/collections/_superusers/auth-with-password', {
    identity: email,
    password,
  });
  const send = (method, path, body) => call(origin, method, path, body, token);
  const count = async () => (await send('GET', `/api/collections/${COLLECTION}/records?perPage=1`)).totalItems;
  const there = await count().catch(() => -1);
  if (there === ROWS) return there;
  if (there < 0) await send('POST', '/api/collections', { name: COLLECTION, type: 'base', fields: FIELDS });
  await send('PATCH', '/api/settings', { batch: { enabled: true, maxRequests: CHUNK, timeout: 60 } });
  for (let from = Math.max(there, 0); from < ROWS; from += CHUNK) {
    const requests = Array.from({ length: Math.min(CHUNK, ROWS - from) }, (_, at) => ({
      method: 'POST',
      url: `/api/collections/${COLLECTION}/records`,
      body: record(from + at),
    }));
    await send('POST', '/api/batch', { requests });
  }
  return count();
}

async function call(origin, method, path, body, token = '') {
  const headers = { 'Content-Type': 'application/json', Authorization: token };
  const answer = await fetch(origin + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
  return text ? JSON.parse(text) : null;
}
