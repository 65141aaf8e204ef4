// The calls about records: what each collection has. Called by preview.js through operations.js. An operation is data:
// what the page shows of a call, with its code; nothing here asks the server.

import { changed, empty, forbidden, invalid, missing, ok, problems, refusals } from './answers.js';
import { curl, dart, dartOf, dartStart, dartValue, js, jsOf, jsStart, jsValue, Raw } from './code.js';
import { exampleFile, isMultiple, isWritable, publicRecord, rulesOf, sampleRecord, typeOf } from './examples.js';
import { mainFilter } from './filters.js';
import { isOpen } from './who.js';

const PARAMETERS = {
  id: { name: 'id', type: 'text', where: 'path', required: true, text: 'The record’s id.' },
  page: { name: 'page', type: 'number', text: 'Which page; 1 is the first.' },
  perPage: { name: 'perPage', type: 'number', text: 'How many records a page has: 30, and 1000 at most.' },
  sort: { name: 'sort', type: 'text', text: 'Fields, separated by commas; - turns the order round. @random and '
    + '@rowid work, too.' },
  filter: { name: 'filter', type: 'text', text: 'Which records. The rule counts besides. See the filters below.' },
  skipTotal: { name: 'skipTotal', type: 'true or false',
    text: 'Don’t count: totalItems and totalPages are -1. Faster.' },
  fields: { name: 'fields', type: 'text', text: 'Only these fields of the answer, such as id,expand.author.name; '
    + 'name:excerpt(100) shortens.' },
  ifMatch: { name: 'If-Match', type: 'text', where: 'header',
    text: 'Only if the record still has this ETag, or this value of “updated”. Otherwise 412.' },
};

const expandParameter = (collection) => {
  const names = relations(collection);
  return { name: 'expand', type: 'text', text: names.length > 0
    ? `Related records with it: ${names.join(', ')}, also a.b and collection_via_field.`
    : 'Records that name this one: collection_via_field.' };
};
const relations = (collection) => collection.fields.filter((field) => field.type === 'relation' && !field.hidden)
  .map((field) => field.name);
const sortOf = (collection) => collection.fields.some((field) => field.name === 'created' && !field.hidden) ? '-created'
  : '-id';

/** The operations of a collection about its records, in the order of the page. */
export function recordOperations(context) {
  const { collection } = context;
  const isView = collection.type === 'view';
  const list = [listing(context), viewing(context)];
  if (isView) return list;
  list.push(creating(context), updating(context), deleting(context), realtime(context), batch(context));
  if (collection.fields.some((field) => field.type === 'file' && !field.hidden)) list.push(files(context));
  return list;
}

const pathOf = ({ collection }, end = '') => `/api/collections/${encodeURIComponent(collection.name)}/records${end}`;
/** The path of the record of the examples. */
const itemOf = (context) => pathOf(context, `/${encodeURIComponent(idOf(context))}`);
const idOf = ({ record }) => record?.id ?? 'RECORD_ID';
const shown = ({ collection, record, example }) => record ? publicRecord(collection, record) : sampleRecord(collection,
  example.values);

function listing(context) {
  const { base, collection, collections } = context;
  const rule = collection.listRule;
  const token = !isOpen(rule);
  const query = { page: 1, perPage: 20, sort: sortOf(collection), filter: mainFilter(collection, collections),
    expand: relations(collection)[0] ?? '' };
  const options = jsOptions(query);
  const total = Math.max(1, context.total ?? 1);
  return {
    id: 'list', label: 'List and search', group: 'Records', method: 'GET', path: pathOf(context), query, rule,
    about: 'A page of records. With a filter it is a search. The rule decides which records somebody finds; the '
      + 'others simply aren’t there.',
    parameters: [PARAMETERS.page, PARAMETERS.perPage, PARAMETERS.sort, PARAMETERS.filter, expandParameter(collection),
      PARAMETERS.fields, PARAMETERS.skipTotal,
      { name: 'cursor', type: 'text', text: 'Pages by position instead of number: empty for the first page, then '
        + 'nextCursor of the answer before.' }],
    filters: true,
    answers: [
      ok({ page: 1, perPage: 20, totalItems: total, totalPages: Math.ceil(total / 20), items: [shown(context)] },
        'The records.'),
      invalid('The filter, the order or a number isn’t valid.', {}, 'The filter isn’t valid: there is no field `zz`.'),
      ...refusals(rule, 'The rule lets in superusers only.'),
    ],
    code: {
      curl: curl({ base, path: pathOf(context), query, token }),
      js: `${jsStart(base, token)}const page = await ${jsOf(context)}.getList(1, 20, ${jsValue(options)});\n`
        + `console.log(page.totalItems, page.items);\n\n`
        + '// What people typed goes in by pb.filter(\'name = {:name}\', { name }).\n'
        + '// All of them, and the first that fits:\n'
        + `const all = await ${jsOf(context)}.getFullList({ sort: ${js(query.sort)} });\n`
        + `const first = await ${jsOf(context)}.getFirstListItem(${js(query.filter)});`,
      dart: `${dartStart(base, token)}final page = await ${dartOf(context)}.getList(\n  page: 1,\n`
        + `  perPage: 20,\n${dartOptions(query)});\n\n`
        + `final all = await ${dartOf(context)}.getFullList(sort: ${dart(query.sort)});`,
    },
  };
}

const jsOptions = ({ sort, filter, expand }) => ({ sort, filter, ...(expand ? { expand } : {}) });
const dartOptions = (query) => Object.entries(jsOptions(query))
  .map(([key, value]) => `  ${key}: ${dart(value)},\n`).join('');

function viewing(context) {
  const { base, collection } = context;
  const rule = collection.viewRule;
  const token = !isOpen(rule);
  const path = itemOf(context);
  const expand = relations(collection)[0];
  const end = expand ? `, { expand: ${js(expand)} }` : '';
  return {
    id: 'view', label: 'View', group: 'Records', method: 'GET', path, query: expand ? { expand } : {}, rule,
    about: 'One record. Whoever may not see it is told that there is none.',
    parameters: [PARAMETERS.id, expandParameter(collection), PARAMETERS.fields],
    answers: [ok(shown(context), 'The record.'), ...refusals(rule, 'The rule lets in superusers only.'),
      missing('There is no such record, or the rule doesn’t hold.')],
    code: {
      curl: curl({ base, path, query: expand ? { expand } : {}, token }),
      js: `${jsStart(base, token)}const record = await ${jsOf(context)}.getOne(${js(idOf(context))}${end});\n`
        + `console.log(record);`,
      dart: dartStart(base, token)
        + `final record = await ${dartOf(context)}.getOne(${dart(idOf(context))}`
        + `${expand ? `, expand: ${dart(expand)}` : ''});`,
    },
  };
}

/** The body fields of a collection, with what may be sent. */
function bodyFields({ collection, collections, example }, isNew) {
  const list = collection.fields.filter((field) => isWritable(field) || (isNew && field.primaryKey));
  const rows = list.map((field) => ({
    name: field.name, type: typeOf(field, collections.find((one) => one.id === field.collectionId)?.name),
    required: isNew && field.required && !field.autogeneratePattern, rules: rulesOf(field),
    help: field.help, note: example.missing[field.name],
    modifiers: modifiersOf(field),
  }));
  if (collection.type !== 'auth') return rows;
  const at = rows.findIndex((row) => row.name === 'password');
  rows.splice(at + 1, 0, { name: 'passwordConfirm', type: 'text', required: isNew, rules: ['the same as password'] });
  if (!isNew) rows.splice(at + 2, 0, { name: 'oldPassword', type: 'text', required: false,
      rules: ['needed for a new password, but not of superusers and managers for others'] });
  return rows;
}

function modifiersOf(field) {
  if (field.type === 'number') return [`${field.name}+`, `${field.name}-`];
  if (!isMultiple(field)) return [];
  return [`${field.name}+`, `+${field.name}`, `${field.name}-`];
}

const fileNote = ({ example }) => hasFiles(example)
  ? 'A file is required, so this is sent as a form. The file has to be there, in the folder you are in.' : '';

function creating(context) {
  const { base, collection, example } = context;
  const rule = collection.createRule;
  const token = !isOpen(rule);
  return {
    id: 'create', label: 'Create', group: 'Records', method: 'POST', path: pathOf(context), body: example.values,
      files: example.files, rule,
    about: collection.system && collection.type === 'base' ? 'A new record. The server makes them by itself; the '
      + 'values here are no more than an example.'
      : 'A new record. This collection’s fields take the values here as they are.',
    note: fileNote(context),
    parameters: [expandParameter(collection), PARAMETERS.fields], fields: bodyFields(context, true),
    answers: [ok({ ...sampleRecord(collection, example.values) }, 'The new record.'),
      invalid('Values aren’t valid, or the rule doesn’t hold (then data is empty).', problems(collection)),
      ...refusals(rule, 'The rule lets in superusers only.')],
    code: {
      curl: curl({ base, method: 'POST', path: pathOf(context), body: example.values, files: example.files, token }),
      js: `${jsStart(base, token)}const record = await ${jsOf(context)}.create(${jsValue(withFiles(example))});\n`
        + `console.log(record.id);`,
      dart: dartStart(base, token, hasFiles(example))
        + `final record = await ${dartOf(context)}.create(body: ${dartValue(example.values)}${dartFiles(example)});`,
    },
  };
}

/** In JavaScript, files are among the values. */
const withFiles = ({ values, files: names }) => ({ ...values,
  ...Object.fromEntries(Object.keys(names)
    .map((name) => [name, new Raw('document.querySelector(\'input[type=file]\').files[0]')])) });

const hasFiles = ({ files: names }) => Object.keys(names).length > 0;
const dartFiles = (example) => !hasFiles(example) ? ''
  : `, files: [\n`
    + Object.entries(example.files).map(([field, file]) =>
      `  await http.MultipartFile.fromPath(${dart(field)}, ${dart(file)}),\n`).join('') + ']';

/** What an update changes in the example: nothing that must be unique, and no password. */
function changes({ collection, example }) {
  const unique = (collection.indexes ?? []).filter((index) => /UNIQUE/i.test(index)).join(' ');
  const names = collection.fields.filter((field) => field.name in example.values && !field.system
    && field.type !== 'relation'
    && !new RegExp(`\\b${field.name}\\b`).test(unique)).map((field) => field.name).slice(0, 3);
  if (names.length === 0 && collection.type === 'auth') return { emailVisibility: true };
  return Object.fromEntries(names.map((name) => [name, example.values[name]]));
}

function updating(context) {
  const { base, collection } = context;
  const rule = collection.updateRule;
  const token = !isOpen(rule);
  const path = itemOf(context);
  const body = changes(context);
  return {
    id: 'update', label: 'Update', group: 'Records', method: 'PATCH', path, body, rule,
    about: 'Changes what is sent, and keeps the rest. The rule sees the stored record; what is sent is @request.body.',
    parameters: [PARAMETERS.id, expandParameter(collection), PARAMETERS.fields, PARAMETERS.ifMatch],
      fields: bodyFields(context, false),
    answers: [ok({ ...shown(context), ...body }, 'The record as it is now.'), invalid('Values aren’t valid.',
        problems(collection)), ...refusals(rule, 'The rule lets in superusers only.'),
      missing('There is no such record, or the rule doesn’t hold.'), changed()],
    code: {
      curl: curl({ base, method: 'PATCH', path, body, token }),
      js: jsStart(base, token)
        + `const record = await ${jsOf(context)}.update(${js(idOf(context))}, ${jsValue(body)});\n`
        + `console.log(record.id);`,
      dart: dartStart(base, token)
        + `final record = await ${dartOf(context)}.update(${dart(idOf(context))}, body: ${dartValue(body)});`,
    },
  };
}

function deleting(context) {
  const { base, collection } = context;
  const rule = collection.deleteRule;
  const token = !isOpen(rule);
  const path = itemOf(context);
  return {
    id: 'delete', label: 'Delete', group: 'Records', method: 'DELETE', path, rule,
    about: 'Deletes a record with its files. Records that need it refuse, or go with it, as their fields say.',
    parameters: [PARAMETERS.id, PARAMETERS.ifMatch],
    answers: [empty('It is gone.'), invalid('Another record needs this one.'),
      ...refusals(rule, 'The rule lets in superusers only.'),
      missing('There is no such record, or the rule doesn’t hold.'), changed()],
    code: {
      curl: curl({ base, method: 'DELETE', path, token }),
      js: `${jsStart(base, token)}await ${jsOf(context)}.delete(${js(idOf(context))});`,
      dart: `${dartStart(base, token)}await ${dartOf(context)}.delete(${dart(idOf(context))});`,
    },
  };
}

function realtime(context) {
  const { base, collection } = context;
  const token = !(isOpen(collection.listRule) && isOpen(collection.viewRule));
  return {
    id: 'realtime', label: 'Realtime', group: 'Records', method: 'GET', path: '/api/realtime',
      rule: collection.listRule,
    about: 'Hears of changes as soon as they are on disk, over server-sent events. The list rule decides for all '
      + 'records, the view rule for one.',
    parameters: [
      { name: 'clientId', type: 'text', where: 'body', required: true,
        text: 'Of the stream’s first event, PB_CONNECT. Sent by POST to /api/realtime.' },
      { name: 'subscriptions', type: 'list of texts', where: 'body',
        text: `${collection.name}/* for all records, ${collection.name}/RECORD_ID for one; ?options= with expand, `
          + 'fields and filter.' },
      { name: 'resume', type: 'true or false', where: 'query',
        text: 'With 1, what was missed is told after a break. See docs/realtime.md.' },
    ],
    answers: [{ status: 200, text: 'A stream. Each change is an event like this one.', body: { action: 'update',
          record: shown(context) } }, forbidden('The client belongs to somebody else.')],
    code: {
      curl: `# The first event has the id of the client. Keep this running …\n`
        + `${curl({ base, path: '/api/realtime', token: false, flags: ['-N'] })}\n\n`
        + `# … and say in another terminal what it is to hear.\n`
        + curl({ base, method: 'POST', path: '/api/realtime', token, body: { clientId: 'CLIENT_ID',
              subscriptions: [`${collection.name}/*`] } }),
      js: jsStart(base, token)
        + '// Outside of browsers: import { EventSource } from \'eventsource\'; globalThis.EventSource = EventSource;\n'
        + `const stop = await ${jsOf(context)}.subscribe('*', ({ action, record }) => {\n`
        + `  console.log(action, record.id);\n});\n\n`
        + `// One record only:\n`
        + `await ${jsOf(context)}.subscribe(${js(idOf(context))}, ({ record }) => console.log(record));\n\n`
        + `await stop();\nawait ${jsOf(context)}.unsubscribe();`,
      dart: `${dartStart(base, token)}await ${dartOf(context)}.subscribe('*', (e) {\n`
        + `  print(e.action);\n  print(e.record);\n});\n\nawait ${dartOf(context)}.unsubscribe();`,
    },
  };
}

function batch(context) {
  const { base, collection, example } = context;
  const id = idOf(context);
  const body = changes(context);
  const name = js(collection.name);
  // Files are named by the request that they belong to.
  const sent = Object.fromEntries(Object.entries(example.files).map(([field, file]) => [`requests.0.${field}`, file]));
  const requests = [
    { method: 'POST', url: pathOf(context), body: example.values },
    { method: 'PATCH', url: pathOf(context, `/${encodeURIComponent(id)}`), body },
  ];
  return {
    id: 'batch', label: 'Batch', group: 'Records', method: 'POST', path: '/api/batch', body: { requests },
      rule: undefined,
    who: ['Everybody; each request in it is decided by its own rule.'],
    disabled: context.batch ? '' : 'Batches are switched off on this server.', enableAt: ['/_/settings',
      'Switch them on in the settings'],
    about: 'Several requests as one: all take effect, or none. Later ones see what earlier ones have done.',
    note: fileNote(context),
    parameters: [
      { name: 'requests', type: 'list', where: 'body', required: true,
        text: 'Each has method, url, body and headers. POST creates, PATCH updates, DELETE deletes, PUT updates or '
        + 'creates by the id in its body.' },
    ],
    answers: [ok([{ status: 200, body: sampleRecord(collection, example.values) },
          { status: 200, body: { ...shown(context), ...body } }], 'One answer for each request.'),
      invalid('One of them failed, and nothing has changed.',
        { requests: { 1: { code: 'batch_request_failed', message: 'The request failed.',
            response: { data: {}, message: 'There is nothing here.', status: 404 } } } }, 'The batch failed.'),
      forbidden('Batches are switched off.')],
    code: {
      curl: curl({ base, method: 'POST', path: '/api/batch', body: { requests }, files: sent }),
      js: `${jsStart(base)}const batch = pb.createBatch();\n`
        + `batch.collection(${name}).create(${jsValue(withFiles(example))});\n`
        + `batch.collection(${name}).update(${js(id)}, ${jsValue(body)});\nconst answers = await batch.send();\n`
        + `console.log(answers.map(({ status }) => status));`,
      dart: `${dartStart(base, true, hasFiles(example))}final batch = pb.createBatch();\n`
        + `batch.collection(${dart(collection.name)}).create(`
        + `body: ${dartValue(example.values)}${dartFiles(example)});\n`
        + `batch.collection(${dart(collection.name)}).update(${dart(id)}, body: ${dartValue(body)});\n`
        + `final answers = await batch.send();`,
    },
  };
}

function files(context) {
  const { base, collection } = context;
  const field = collection.fields.find((one) => one.type === 'file' && !one.hidden);
  const stored = [context.record?.[field.name] ?? []].flat()[0];
  const file = stored ?? 'picture_2b8x1kq09z.png';
  const path = `/api/files/${[collection.name, idOf(context), file].map(encodeURIComponent).join('/')}`;
  const sizes = ['100x100', ...field.thumbs ?? []].join(', ');
  const tokenParameter = { name: 'token', type: 'text', required: true,
    text: 'Of POST /api/files/token. It lasts some minutes.' };
  return {
    id: 'files', label: 'Files', group: 'Records', method: 'GET', path, rule: field.protected ? collection.viewRule
      : '',
    who: field.protected ? undefined : ['Whoever knows the file’s name.'],
    about: `Files of the field “${field.name}”. They come with the record, in a form: see Create.`,
    parameters: [
      { name: 'thumb', type: 'text', text: `A smaller picture: ${sizes}.` },
      { name: 'download', type: 'true or false', text: 'As an attachment.' }, ...field.protected ? [tokenParameter]
        : [],
    ],
    answers: [
      { status: 200, text: 'The file.', body: null },
      missing('There is no such file, or it is protected and the token doesn’t open it.'),
    ],
    code: filesCode({ base, field, path, context }),
  };
}

function filesCode({ base, field, path, context }) {
  const query = field.protected ? { token: 'FILE_TOKEN' } : {};
  const asked = field.protected ? `${curl({ base, method: 'POST', path: '/api/files/token' })}\n\n` : '';
  const name = isMultiple(field) ? `record[${js(field.name)}][0]` : `record[${js(field.name)}]`;
  const options = field.protected ? '{ thumb: \'100x100\', token }' : '{ thumb: \'100x100\' }';
  const value = isMultiple(field) ? `getListValue<String>(${dart(field.name)})[0]`
    : `getStringValue(${dart(field.name)})`;
  return {
    curl: `${asked}${curl({ base, path, query, token: false, flags: ['-O'] })}\n\n`
      + '# A new file takes the place of the old one.\n'
      + curl({ base, method: 'PATCH', path: itemOf(context), files: { [field.name]: exampleFile(field) } }),
    js: `${jsStart(base)}const record = await ${jsOf(context)}.getOne(${js(idOf(context))});\n`
      + `${field.protected ? 'const token = await pb.files.getToken();\n' : ''}`
      + `const url = pb.files.getURL(record, ${name}, ${options});\nconsole.log(url);`,
    dart: `${dartStart(base)}final record = await ${dartOf(context)}.getOne(${dart(idOf(context))});\n`
      + `${field.protected ? 'final token = await pb.files.getToken();\n' : ''}`
      + `final url = pb.files.getURL(record, record.${value}, thumb: '100x100'`
      + `${field.protected ? ', token: token' : ''});`,
  };
}
