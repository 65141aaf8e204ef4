// What rules can say, for completion, and what they say, in plain words. Pure.

/** The rules: key, name, what it decides. */
export const RULES = [
  ['listRule', 'List', 'Who finds which records in lists and searches.'],
  ['viewRule', 'View', 'Who opens which record.'],
  ['createRule', 'Create', 'Who makes records; it sees the new record as if it were stored.'],
  ['updateRule', 'Update', 'Who changes which record; it sees the stored record, what is sent is @request.body.'],
  ['deleteRule', 'Delete', 'Who deletes which record.'],
];
export const AUTH_RULES = [
  ['authRule', 'Sign in', 'Which accounts may sign in. Another rule ends all tokens and sessions of the collection.'],
  [
    'manageRule',
    'Manage',
    'Who may manage which account: set its e-mail address and password without the old one. It can’t be empty.',
  ],
];

const MACROS = [
  '@now',
  '@yesterday',
  '@tomorrow',
  '@todayStart',
  '@todayEnd',
  '@monthStart',
  '@monthEnd',
  '@yearStart',
  '@yearEnd',
  '@second',
  '@minute',
  '@hour',
  '@day',
  '@weekday',
  '@month',
  '@year',
];
const REQUEST = {
  auth: 'who asks',
  body: 'what was sent',
  query: 'query parameters',
  headers: 'headers, as x_name',
  method: 'HTTP method',
  context: 'why: default, oauth2, otp, password, realtime, protectedFile, expand, batch',
};
const CONTEXTS = ['default', 'oauth2', 'otp', 'password', 'realtime', 'protectedFile', 'expand', 'batch'];
const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];
/** Headers that rules may want; all others can be typed. */
const HEADERS = ['accept_language', 'origin', 'referer', 'user_agent', 'x_forwarded_for', 'x_token'];
const LIST_KINDS = ['select', 'file', 'relation'];

/** A rule in plain words. */
export function inWords(rule) {
  if (rule === null || rule === undefined) return 'Nobody but superusers';
  const text = rule.trim();
  if (text === '') return 'Everybody';
  if (/^@request\.auth\.id\s*!=\s*(?:""|''|null)$/.test(text)) return 'Signed-in people';
  return 'As the rule says';
}

/** The same in one word, and its colour. */
export function inShort(rule) {
  return (
    {
      'Nobody but superusers': ['Superusers', ''],
      Everybody: ['Everybody', 'warn'],
      'Signed-in people': ['Signed in', 'info'],
    }[inWords(rule)] ?? ['Rule', 'accent']
  );
}

const OWNER = /([\w.@:]+)\s*\??=\s*@request\.auth\.id\b|@request\.auth\.id\s*\??=\s*([\w.@:]+)/g;
const KNOWN = /@request\.auth\.id\s*!=|@request\.auth\.collection(?:Name|Id)\s*=/;

/** Whether a guest may pass for the owner of records without one: nobody's id equals what is empty. */
export function forgetsGuests(rule, fields) {
  if (!rule || KNOWN.test(rule)) return false;
  const neverEmpty = (name) => name === 'id' || fields.some((field) => field.name === name && field.required);
  return [...rule.matchAll(OWNER)].some((found) => !neverEmpty(found[1] ?? found[2]));
}

/** The collections that a step of a path leads to. */
function step(draft, from, name) {
  const relations = from.flatMap((one) =>
    one.fields.filter((field) => field.name === name && field.type === 'relation'),
  );
  if (relations.length > 0) return relations.map((field) => draft.find(field.collectionId)).filter(Boolean);
  const back = /^(\w+)_via_(\w+)$/.exec(name);
  return back ? [draft.find(back[1])].filter(Boolean) : [];
}

/** What can follow a path: fields, and relations that lead back. */
function members(draft, from, { bare = false } = {}) {
  const options = new Map();
  for (const collection of from) {
    for (const field of collection.fields)
      if (field.name && field.type !== 'password')
        options.set(field.name, { label: field.name, detail: field.type, type: 'property' });
    if (bare) continue;
    for (const other of draft.all()) {
      if (other.type === 'view') continue;
      for (const field of other.fields.filter((one) => one.type === 'relation' && one.collectionId === collection.id)) {
        const label = `${other.name}_via_${field.name}`;
        options.set(label, { label, detail: 'back relation', type: 'namespace', boost: -1 });
      }
    }
  }
  return [...options.values()];
}

/** Whether a path that ends here leads to a place. */
function isPlace(draft, words, from) {
  const reached = words.slice(0, -1).reduce((found, name) => step(draft, found, name), from);
  return reached.some((one) => one.fields.some((field) => field.name === words.at(-1) && field.type === 'geoPoint'));
}

/** The parts of a place on the map. */
const COORDINATES = ['lon', 'lat'].map((label) => ({ label, detail: 'number', type: 'property' }));

/** The modifiers that the last word of a path can have. */
function modifiers(draft, root, from, name) {
  const field = from.flatMap((one) => one.fields).find((one) => one.name === name);
  const list = [];
  if (['body', 'query', 'headers'].includes(root)) list.push([':isset', 'whether it was sent']);
  if (root === 'body') list.push([':changed', 'whether it was sent and differs']);
  if (field && LIST_KINDS.includes(field.type)) list.push([':length', 'number of elements'], [':each', 'each element']);
  list.push([':lower', 'in small letters']);
  return list.map(([label, detail]) => ({ label: label.slice(1), detail, type: 'keyword' }));
}

/** Where a path begins: the collections of its first step, and how many words that takes. */
function origin(draft, words) {
  const own = [draft.definition()];
  if (words[0] === '@request') {
    const auths = draft.all().filter((one) => one.type === 'auth');
    return { root: words[1], from: { auth: auths, body: own }[words[1]] ?? [], taken: 2 };
  }
  if (words[0] === '@collection')
    return { root: 'collection', from: [draft.find((words[1] ?? '').split(':')[0])].filter(Boolean), taken: 2 };
  return { root: 'own', from: own, taken: 0 };
}

/** The values that a path can have, where there are only some. */
export function valuesOf(draft, path) {
  const known = {
    '@request.context': CONTEXTS,
    '@request.method': METHODS,
    '@request.auth.collectionName': draft.all().filter((one) => one.type === 'auth').map((one) => one.name),
    '@request.auth.collectionId': draft.all().filter((one) => one.type === 'auth').map((one) => one.id),
  };
  const words = path.replace(/:\w+$/, '').split('.');
  if (known[words.join('.')]) return known[words.join('.')];
  const { from, taken } = origin(draft, words);
  const name = words.pop();
  const reached = words.slice(taken).reduce((found, one) => step(draft, found, one), from);
  const fields = reached.flatMap((one) => one.fields).filter((field) => field.name === name && field.type === 'select');
  return [...new Set(fields.flatMap((field) => field.values ?? []))];
}

/** What may come after `typed`, the word that ends at the caret: `{ from, options }`, `from` counted in the word. */
export function suggestions(draft, typed) {
  const words = typed.split('.');
  const last = words.pop();
  const at = typed.length - last.length;
  if (words.length === 0 && typed.startsWith('@'))
    return { from: 0, options: begin(draft).filter(({ label }) => label.startsWith('@')) };
  if (words.length === 1 && words[0] === '@request')
    return {
      from: at,
      options: Object.entries(REQUEST).map(([label, detail]) => ({ label, detail, type: 'namespace' })),
    };
  if (words.length === 1 && words[0] === '@collection') {
    return {
      from: at,
      options: draft
        .all()
        .filter((one) => one.name)
        .map((one) => ({ label: one.name, detail: one.type, type: 'namespace' })),
    };
  }
  const { root, from, taken } = origin(draft, words);
  const reached = words.slice(taken).reduce((found, name) => step(draft, found, name), from);
  if (root === 'headers' && words.length === 2 && !last.includes(':'))
    return { from: at, options: HEADERS.map((label) => ({ label, detail: 'header', type: 'property' })) };
  if (words.length > taken && isPlace(draft, words.slice(taken), from)) return { from: at, options: COORDINATES };
  const colon = last.indexOf(':');
  if (colon >= 0) return { from: at + colon + 1, options: modifiers(draft, root, reached, last.slice(0, colon)) };
  const extra =
    root === 'auth' && words.length === 2
      ? [
          { label: 'collectionName', detail: 'text', type: 'property' },
          { label: 'collectionId', detail: 'text', type: 'property' },
        ]
      : [];
  const start = words.length === 0 ? begin(draft) : [];
  return {
    from: at,
    options: [...members(draft, reached, { bare: root === 'body' && words.length === 2 }), ...extra, ...start],
  };
}

const begin = () => [
  ...[
    ['@request.', 'the request'],
    ['@request.auth.', 'who asks'],
    ['@request.body.', 'what was sent'],
    ['@collection.', 'another collection'],
  ].map(([label, detail]) => ({ label, detail, type: 'namespace' })),
  ...MACROS.map((label) => ({ label, detail: 'date or number', type: 'constant' })),
  ...['true', 'false', 'null'].map((label) => ({ label, type: 'keyword', boost: -2 })),
  { label: 'geoDistance', apply: 'geoDistance(', detail: '(lonA, latA, lonB, latB)', type: 'function', boost: -2 },
  { label: 'strftime', apply: 'strftime(', detail: '(format, time, …)', type: 'function', boost: -2 },
];
