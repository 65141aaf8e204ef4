// A data folder made by a real PocketBase of some version: every type of field, accounts that are signed in, files, views,
// rules, settings, links to other services. And what its API says of all that, to compare with.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer, SUPERUSER } from '../../parity/lib/server.mjs';

const REPOSITORY = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/** The versions that are tested: the first of each way to store things, and the newest. */
export const VERSIONS = ['0.23.1', '0.27.2', '0.31.0', '0.36.9', '0.40.6'];

export const KEEPER = { email: 'ada@example.com', password: 'keeper-password-1' };
const UNKNOWN = 'PocketBase has no such thing';

/** The program of a version, which `scripts/test` has installed. */
export function binaryOf(version) {
  const path = join(process.env.POCKETBASE_VERSIONS ?? join(REPOSITORY, '.venv-test/pocketbase'), version, 'bin/pocketbase');
  if (!existsSync(path)) throw new Error(`There is no PocketBase ${version} at ${path}; scripts/test installs it, or set POCKETBASE_VERSIONS.`);
  return path;
}

/** Requests to a server as somebody: `call('GET', path, body)` gives the answer's JSON and fails unless it is one. */
export function client(url) {
  const as = { token: '' };
  const call = async (method, path, body) => {
    const isForm = body instanceof FormData;
    const headers = { ...(as.token && { Authorization: as.token }), ...(body && !isForm && { 'Content-Type': 'application/json' }) };
    const answer = await fetch(url + path, { method, headers, body: body && (isForm ? body : JSON.stringify(body)) });
    const text = await answer.text();
    if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${answer.status} ${text}`), { status: answer.status });
    return text === '' ? undefined : JSON.parse(text);
  };
  const login = async (collection, { email, password }) => {
    const answer = await call('POST', `/api/collections/${collection}/auth-with-password`, { identity: email, password });
    as.token = answer.token;
    return answer;
  };
  return { call, login, as };
}

const dates = [
  { name: 'created', type: 'autodate', onCreate: true },
  { name: 'updated', type: 'autodate', onCreate: true, onUpdate: true },
];

/** Fills a running PocketBase and returns what is to be remembered of it. */
async function fill(server, settings) {
  const { call, login, as } = client(server.url);
  const superuser = await login('_superusers', SUPERUSER);
  await call('PATCH', '/api/settings', { meta: { appName: 'The Zoo', senderName: 'Keeper', senderAddress: 'zoo@example.com' }, batch: { enabled: true }, ...settings });
  const keepers = await call('POST', '/api/collections', {
    name: 'zoo_keepers', type: 'auth', listRule: '', viewRule: '', createRule: '', updateRule: 'id = @request.auth.id', deleteRule: null,
    manageRule: "@request.auth.role = 'head'",
    fields: [
      { name: 'username', type: 'text', min: 3, max: 40 }, { name: 'role', type: 'select', values: ['head', 'helper'], maxSelect: 1 },
      { name: 'portrait', type: 'file', maxSelect: 1, mimeTypes: ['image/png'], thumbs: ['20x20'] }, ...dates,
    ],
    indexes: ['CREATE UNIQUE INDEX `idx_zoo_username` ON `zoo_keepers` (`username`)'],
    passwordAuth: { enabled: true, identityFields: ['email', 'username'] },
    oauth2: { enabled: true, mappedFields: { name: '', username: 'username' }, providers: [{ name: 'github', clientId: 'zoo', clientSecret: 'zoo secret' }] },
    authToken: { duration: 1_000_000 }, otp: { enabled: true, duration: 200, length: 6 },
    verificationTemplate: { subject: 'Zoo: <b>is</b> this you?', body: '<p>{APP_URL}/_/#/auth/confirm-verification/{TOKEN} & {APP_NAME}</p>' },
  });
  const animals = await makeAnimals(call, keepers);
  await makeViews(call, animals);
  const people = await makeKeepers(call);
  const records = await makeRecords(call, animals, people);
  const keeper = await client(server.url).login('zoo_keepers', KEEPER);
  await call('POST', '/api/collections/_externalAuths/records', { collectionRef: keepers.id, recordRef: people[0].id, provider: 'github', providerId: 'gh-1' });
  await changeShapes(call, animals);
  return { superuserToken: as.token, superuserId: superuser.record.id, keeperToken: keeper.token, keeperId: keeper.record.id, records };
}

async function makeAnimals(call, keepers) {
  const fields = [
    { name: 'name', type: 'text', required: true, max: 200, presentable: true }, { name: 'story', type: 'editor' },
    { name: 'legs', type: 'number', min: 0, onlyInt: true }, { name: 'weight', type: 'number' }, { name: 'tame', type: 'bool' },
    { name: 'contact', type: 'email' }, { name: 'page', type: 'url' }, { name: 'born', type: 'date' },
    { name: 'diet', type: 'select', values: ['plants', 'meat', 'insects'], maxSelect: 3 },
    { name: 'size', type: 'select', values: ['s', 'm', 'l'], maxSelect: 1 },
    { name: 'photo', type: 'file', maxSelect: 1 }, { name: 'papers', type: 'file', maxSelect: 5, protected: true },
    { name: 'keeper', type: 'relation', collectionId: keepers.id, maxSelect: 1 },
    { name: 'helpers', type: 'relation', collectionId: keepers.id, maxSelect: 9 },
    { name: 'extra', type: 'json' }, { name: 'secretCode', type: 'password', cost: 4 }, { name: 'hiddenNote', type: 'text', hidden: true },
    { name: 'was_list', type: 'select', values: ['a', 'b'], maxSelect: 2 }, { name: 'was_single', type: 'select', values: ['a', 'b'], maxSelect: 1 }, ...dates,
  ];
  const model = {
    name: 'zoo_animals', type: 'base', listRule: '', viewRule: "tame = true || keeper = @request.auth.id", createRule: "@request.auth.id != ''",
    updateRule: 'keeper = @request.auth.id && @request.body.name:isset = false', deleteRule: null,
    fields: [...fields, { name: 'home', type: 'geoPoint' }],
    indexes: ["CREATE UNIQUE INDEX idx_zoo_name ON zoo_animals (name COLLATE NOCASE) WHERE name != ''", 'create index `idx_zoo_legs` on `zoo_animals` (`legs`, `weight` desc)'],
  };
  let animals;
  try {
    animals = await call('POST', '/api/collections', model);
  } catch (error) {
    // Versions before 0.27 know no places.
    if (error.status !== 400) throw error;
    animals = await call('POST', '/api/collections', { ...model, fields });
  }
  const own = { name: 'friends', type: 'relation', collectionId: animals.id, maxSelect: 99, cascadeDelete: false };
  return call('PATCH', `/api/collections/${animals.id}`, { fields: [...animals.fields, own] });
}

/** The first view comes to build on one that was made after it. */
async function makeViews(call) {
  const first = await call('POST', '/api/collections', { name: 'zoo_first', type: 'view', listRule: '', viewRule: '', viewQuery: 'SELECT id, name FROM zoo_animals' });
  await call('POST', '/api/collections', {
    name: 'zoo_second', type: 'view', listRule: 'legs > 0', viewRule: '',
    viewQuery: 'SELECT a.id, a.name, a.legs, a.photo, (a.legs * 2) AS shoes, count(k.id) AS keepers FROM zoo_animals a LEFT JOIN zoo_keepers k ON k.id = a.keeper GROUP BY a.id',
  });
  await call('PATCH', `/api/collections/${first.id}`, { viewQuery: 'SELECT id, name, shoes FROM zoo_second WHERE legs >= 2' });
}

// A picture of one pixel.
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

function form(values) {
  const data = new FormData();
  for (const [key, value] of values) Array.isArray(value) ? data.append(key, new Blob([value[0]]), value[1]) : data.append(key, value);
  return data;
}

async function makeKeepers(call) {
  const create = (email, more) => call('POST', '/api/collections/zoo_keepers/records', form([
    ['email', email], ['password', KEEPER.password], ['passwordConfirm', KEEPER.password], ...more]));
  return [
    await create(KEEPER.email, [['username', 'Ada'], ['role', 'head'], ['portrait', [PNG, 'Ada L.png']], ['emailVisibility', 'true'], ['verified', 'true']]),
    await create('bob@example.com', [['username', 'bób 🦊'], ['role', 'helper']]),
    await create('eve@example.com', [['username', 'eve']]),
  ];
}

async function makeRecords(call, animals, people) {
  const create = (values) => call('POST', '/api/collections/zoo_animals/records', form(values));
  const hasPlaces = animals.fields.some(({ type }) => type === 'geoPoint');
  const rex = await create([
    ['name', `Rex "the' dog`], ['story', '<p>It\'s <b>big</b>\r\n&amp; 🐕</p>'], ['legs', '4'], ['weight', '31.25'], ['tame', 'true'], ['contact', 'rex@example.com'],
    ['page', 'https://example.com/?a=1&b=2'], ['born', '2020-02-29 12:30:00.123Z'], ['diet', 'meat'], ['diet', 'plants'], ['size', 'l'],
    ['photo', [PNG, 'Rex at home.PNG']], ['papers', [randomBytes(100_000), 'passport.pdf']], ['papers', [Buffer.from('x'), 'x.tar.gz']],
    ['keeper', people[0].id], ['helpers', people[1].id], ['helpers', people[2].id], ['secretCode', 'a code of rex'], ['hiddenNote', 'bites'],
    ['extra', JSON.stringify({ z: 1, a: [1.5, null, 'ü', { deep: true }], big: 123456789012 })], ['was_list', 'a'], ['was_list', 'b'], ['was_single', 'b'],
    ...(hasPlaces ? [['home', JSON.stringify({ lon: 12.5, lat: -33.25 })]] : []),
  ]);
  const ant = await create([['name', 'Ant'], ['legs', '6'], ['weight', '0.003'], ['extra', '"text"'], ['friends', rex.id]]);
  const empty = await create([['name', 'Nothing else']]);
  for (let at = 0; at < 40; at += 1) {
    await create([['name', `Bird ${at}`], ['legs', '2'], ['weight', String(at / 7)], ['extra', [JSON.stringify(at), 'null', '[]', '{}'][at % 4]], ['friends', rex.id], ['friends', ant.id], ['was_single', 'a']]);
  }
  await call('PATCH', `/api/collections/zoo_animals/records/${rex.id}`, { friends: [ant.id, empty.id] });
  return { rex, ant, empty };
}

/** Renames and other changes after which columns aren't where they would be in a fresh table. */
async function changeShapes(call, animals) {
  const { fields } = await call('GET', `/api/collections/${animals.id}`);
  const changed = fields.map((field) => ({
    weight: { ...field, name: 'weightKg' }, was_list: { ...field, maxSelect: 1 }, was_single: { ...field, maxSelect: 2 },
  }[field.name] ?? field));
  const indexes = animals.indexes.map((index) => index.replace('`weight`', '`weightKg`'));
  await call('PATCH', `/api/collections/${animals.id}`, { fields: changed, indexes });
}

/** All that the API says: collections, records of each, content of files. */
export async function observe(url, superuserToken) {
  const { call, as } = client(url);
  as.token = superuserToken;
  const collections = (await call('GET', '/api/collections?perPage=500')).items;
  const { token } = await call('POST', '/api/files/token');
  const records = {};
  const files = {};
  for (const { name, id, fields } of collections) {
    const { items, totalItems } = await call('GET', `/api/collections/${name}/records?perPage=1000&sort=id`);
    if (items.length !== totalItems) throw new Error(`${name} has more records than one page`);
    records[name] = items;
    for (const record of items) {
      for (const field of fields.filter(({ type }) => type === 'file')) {
        for (const file of [record[field.name]].flat().filter((one) => one)) {
          const answer = await fetch(`${url}/api/files/${id}/${record.id}/${file}?token=${token}`);
          const bytes = Buffer.from(await answer.arrayBuffer());
          files[`${name}/${record.id}/${file}`] = answer.ok ? createHash('sha256').update(bytes).digest('hex') : answer.status;
        }
      }
    }
  }
  return { collections, records, files };
}

/** What two versions of one program may say in different words, put in the same. */
export function comparable({ collections, records, files }) {
  const lists = (value) => (value === null ? [] : value);
  const field = ({ exceptDomains, onlyDomains, mimeTypes, thumbs, help, min, max, ...rest }) => ({
    ...rest, help: help ?? '', min: min ?? 0, max: max ?? 0, exceptDomains: lists(exceptDomains), onlyDomains: lists(onlyDomains),
    mimeTypes: lists(mimeTypes), thumbs: lists(thumbs),
  });
  // Fields of views are made anew, and so are their ids.
  const viewField = ({ name, type, hidden }) => ({ name, type, hidden });
  const index = (text) => text.replace(/[`"\s]+/g, ' ').replace(/ ?([(),]) ?/g, '$1').toLowerCase().trim();
  const collection = ({ fields, indexes, updated, created, type, verificationTemplate, resetPasswordTemplate, confirmEmailChangeTemplate, oauth2, ...rest }) => ({
    ...rest, type, oauth2: oauth2 && { ...oauth2, providers: oauth2.providers.map((one) => ({ ...one, extra: one.extra ?? {} })) }, fields: fields.map(type === 'view' ? viewField : field), indexes: indexes.map(index).sort(),
    subjects: [verificationTemplate, resetPasswordTemplate, confirmEmailChangeTemplate].map((template) => template?.subject),
  });
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  const { _mfas, _otps, ...kept } = records;
  return { collections: collections.map(collection).sort(byName), records: kept, files };
}

/** Fills a folder by PocketBase of a version and stops it: `kill` leaves its write-ahead log behind. */
export async function makeFolder(version, { kill = false, environment = {}, flags = [], settings = {} } = {}) {
  const server = await startServer('pocketbase', environment, { binary: binaryOf(version), flags });
  try {
    const memory = await fill(server, settings);
    const seen = await observe(server.url, memory.superuserToken);
    await (kill ? server.kill() : server.halt());
    return { folder: server.dataDir, memory, seen, remove: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw new Error(`${UNKNOWN}, or it has changed: ${error.stack}`);
  }
}

/** Every file of a folder with its content, kind and size: two of these are equal only if nothing has changed. */
export async function snapshot(folder, prefix = '') {
  const seen = {};
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const known = await lstat(path);
    if (known.isDirectory()) Object.assign(seen, { [`${prefix}${name}/`]: 'folder' }, await snapshot(path, `${prefix}${name}/`));
    else if (known.isSymbolicLink()) seen[prefix + name] = `-> ${await readlink(path)}`;
    else seen[prefix + name] = `${known.size} ${known.mtimeMs} ${createHash('sha256').update(await readFile(path)).digest('hex')}`;
  }
  return seen;
}
