// What is different between two definitions of a collection, in plain words, and what of that loses data.
//
// Used by the review before saving and by the import. Pure but for `count`, which asks how many records are concerned.
// A change is `{ text, level, count? }`: `loss` takes values away, `care` changes what others may do or rely on,
// `plain` is harmless. `count` resolves to a text to be put behind.

import { get, records } from '../lib/api.js';
import { plural } from '../lib/format.js';
import { same } from './draft.js';
import { parseIndex } from './index-sql.js';
import { isMultiple, kindLabel } from './kinds.js';
import { AUTH_RULES, RULES, inWords } from './rule-words.js';

const OPTION_NAMES = {
  authAlert: 'the notice of sign-ins from new places',
  oauth2: 'sign-in by other services',
  passwordAuth: 'sign-in by password',
  mfa: 'the second step',
  otp: 'one-time codes',
  authToken: 'the life of tokens',
  passwordResetToken: 'the life of links for new passwords',
  emailChangeToken: 'the life of links for new addresses',
  verificationToken: 'the life of links that confirm addresses',
  fileToken: 'the life of file tokens',
  verificationTemplate: 'the mail that confirms addresses',
  resetPasswordTemplate: 'the mail for new passwords',
  confirmEmailChangeTemplate: 'the mail for new addresses',
  sessions: 'sessions',
};

/** So much of a rule and of a value is shown; the rest can be read where it is edited. */
const RULE_MAX_CHARS = 400;
const VALUE_MAX_CHARS = 60;

const ISSUED = { authToken: 'tokens and sessions', fileToken: 'file tokens' };

/** Marks a name, which the review sets as code. The sign is one that nobody types. */
export const MARK = '\u2063';
const code = (name) => `${MARK}${name}${MARK}`;
const quoted = (text) => JSON.stringify(text);

/** A filter that finds records with a value. */
export function filled(field) {
  const { name } = field;
  if (field.nullable) return `${name} != null`;
  if (isMultiple(field)) return `${name} != "[]"`;
  return (
    {
      number: `${name} != 0`,
      bool: `${name} = true`,
      json: `${name} != null`,
      geoPoint: `${name}.lon != 0 || ${name}.lat != 0`,
    }[field.type] ?? `${name} != ""`
  );
}

async function total(collection, filter) {
  const { totalItems } = await get(records(collection), { filter, perPage: 1, fields: 'id' });
  return totalItems;
}

/** A filter for the records which `field` refuses if it is required: empty values, and NULL where it may not be. */
function unfilled(old, field) {
  const { name } = old;
  const empty =
    {
      number: `${name} = 0`,
      bool: `${name} = false`,
      json: `${name} = "" || ${name} = "[]" || ${name} = "{}"`,
      geoPoint: `(${name}.lon = 0 && ${name}.lat = 0)`,
    }[old.type] ?? `${name} = "${isMultiple(old) ? '[]' : ''}"`;
  const hasNulls = old.nullable || old.type === 'json';
  return hasNulls && !field.nullable ? `${empty} || ${name} = null` : empty;
}

const withoutValue = (records) =>
  records === 0
    ? '(every record has a value)'
    : `(${plural(records, 'record has', 'records have')} no value, not to be saved again without one)`;

/** Everything that makes `after` of `before`. */
export function changesBetween(before, after) {
  const list = [];
  const add = (level, text, count) => list.push({ level, text, count });
  if (before.name !== after.name)
    add(
      'care',
      `Renames the collection ${code(before.name)} to ${code(after.name)}: programs have to use the new name. ` +
        'Rules, indexes and views follow.',
    );
  if (after.type !== 'view') fieldChanges(before, after, add);
  else if (before.viewQuery !== after.viewQuery) queryChanges(before, after, add);
  ruleChanges(before, after, add);
  indexChanges(before.indexes ?? [], after.indexes ?? [], add);
  for (const [key, name] of Object.entries(OPTION_NAMES))
    if (!same(before[key], after[key])) optionChange(key, name, before, after, add);
  return list;
}

function queryChanges(before, after, add) {
  add('care', 'Changes the query; the fields follow from it.');
  const names = (list) => list.map((field) => field.name);
  const gone = names(before.fields).filter((name) => !names(after.fields).includes(name));
  const fresh = names(after.fields).filter((name) => !names(before.fields).includes(name));
  if (gone.length > 0) add('care', `Its records no longer have ${gone.map(code).join(', ')}.`);
  if (fresh.length > 0) add('plain', `Its records also have ${fresh.map(code).join(', ')}.`);
}

/** What loses values when `after` takes the place of `before`: how many columns, and what counts their records. */
export function lossBetween(before, after) {
  if (after.type === 'view') return null;
  const filters = [];
  let columns = 0;
  for (const old of before.fields) {
    const field = after.fields.find((one) => one.id === old.id);
    if (field && !(isMultiple(old) && !isMultiple(field))) continue;
    columns += 1;
    if (['autodate', 'password'].includes(old.type)) filters.push('id != ""');
    else filters.push(field ? `${old.name}:length > 1` : `(${filled(old)})`);
  }
  return columns === 0 ? null : { columns, rows: () => total(before.name, filters.join(' || ')) };
}

function fieldChanges(before, after, add) {
  const stays = (field) => after.fields.find((one) => one.id === field.id);
  for (const field of before.fields.filter((one) => !stays(one))) {
    const has = ['autodate', 'password'].includes(field.type)
      ? async () => 'and its values'
      : async () => valuesIn(await total(before.name, filled(field)), field);
    add('loss', `Removes ${code(field.name)}`, has);
  }
  for (const field of after.fields) {
    const old = before.fields.find((one) => one.id === field.id);
    if (!old) add('plain', `Adds ${code(field.name)} (${kindLabel(field.type)}).`);
    else oneField(before, old, field, add);
  }
  const order = (list, other) =>
    list.filter((field) => other.some((one) => one.id === field.id)).map((field) => field.id);
  if (!same(order(before.fields, after.fields), order(after.fields, before.fields)))
    add('plain', 'Changes the order of fields.');
}

const valuesIn = (rows, field) =>
  rows === 0
    ? '(no record has a value)'
    : `and its ${field.type === 'file' ? 'files' : 'values'} in ${plural(rows, 'record')}`;

function oneField(collection, old, field, add) {
  const name = code(old.name);
  if (old.name !== field.name)
    add('care', `Renames ${name} to ${code(field.name)}: values stay, programs have to use the new name.`);
  if (isMultiple(old) && !isMultiple(field)) {
    add(
      'loss',
      `Makes ${name} hold one value instead of several: only the last of each record stays`,
      async () => `(${plural(await total(collection.name, `${old.name}:length > 1`), 'record')} with more than one)`,
    );
  }
  if (!isMultiple(old) && isMultiple(field))
    add('care', `Makes ${name} hold several values: it becomes a list in the API.`);
  if (old.type === 'select') {
    const gone = old.values.filter((value) => !field.values?.includes(value));
    for (const value of gone) {
      const filter = isMultiple(old) ? `${old.name}:each ?= ${quoted(value)}` : `${old.name} = ${quoted(value)}`;
      add(
        'care',
        `Takes ${quoted(value)} from the values of ${name}`,
        async () =>
          `(${plural(await total(collection.name, filter), 'record has', 'records have')} it, not to be saved with it)`,
      );
    }
  }
  const flags = [
    ['required', 'required'],
    ['hidden', 'hidden from everybody but superusers'],
    ['presentable', 'presentable'],
    ['nullable', 'able to be NULL'],
    ['protected', 'protected'],
    ['cascadeDelete', 'deleted along'],
  ];
  for (const [key, word] of flags) {
    if (Boolean(old[key]) === Boolean(field[key])) continue;
    const open = (key === 'hidden' || key === 'protected') && old[key];
    const loss = key === 'nullable' && old[key];
    const count =
      key === 'required' && field[key] && old.type !== 'password'
        ? async () => withoutValue(await total(collection.name, unfilled(old, field)))
        : loss
          ? async () => '(NULL becomes empty)'
          : undefined;
    add(
      open || loss || ((key === 'cascadeDelete' || key === 'required') && field[key]) ? 'care' : 'plain',
      `Makes ${name} ${field[key] ? '' : 'no longer '}${word}${count ? '' : '.'}`,
      count,
    );
  }
  const told = tighter(collection, old, field, add);
  const known = new Set(['id', 'name', 'type', 'system', ...flags.map(([key]) => key), ...told]);
  const others = [...new Set([...Object.keys(old), ...Object.keys(field)])].filter(
    (key) =>
      !known.has(key) && !same(old[key], field[key]) && !(key === 'maxSelect' && isMultiple(old) !== isMultiple(field)),
  );
  if (others.length > 0)
    add(
      'plain',
      `Changes of ${name}: ${others.map((key) => `${key} ${brief(old[key])} → ${brief(field[key])}`).join(', ')}.`,
    );
}

/**
 * Bounds that records which are there may be outside of: they stay, but can't be saved again as they are. How many that
 * are is counted where a filter can tell. Returns the options that it has told about.
 */
function tighter(collection, old, field, add) {
  const told = [];
  const say = (key, text, filter) => {
    told.push(key);
    if (!filter) {
      add('care', `${text}: what is outside stays, but can’t be saved again.`);
      return;
    }
    add('care', text, async () => {
      const records = plural(await total(collection.name, filter), 'record is', 'records are');
      return `(${records} outside, not to be saved with it)`;
    });
  };
  BOUNDS[old.type]?.(old, field, say, code(old.name));
  if (isMultiple(old) && isMultiple(field) && field.maxSelect < old.maxSelect)
    say(
      'maxSelect',
      `Lets ${code(old.name)} hold ${field.maxSelect} values at most`,
      `${old.name}:length > ${field.maxSelect}`,
    );
  return told;
}

/** What bounds of each kind became narrower. Empty values are none: a bound doesn't concern them. */
const BOUNDS = {
  text(old, field, say, name) {
    const most = (one) => one.max || TEXT_MAX_CHARS;
    if (field.min > old.min)
      say('min', `Lets ${name} have ${plural(field.min, 'character')} at least`, shorter(old.name, field.min));
    if (most(field) < most(old))
      say('max', `Lets ${name} have ${plural(most(field), 'character')} at most`, longer(old.name, most(field)));
    if (field.pattern && field.pattern !== old.pattern)
      say('pattern', `Lets ${name} be only what matches ${code(cut(field.pattern))}`);
  },
  number(old, field, say, name) {
    range(old, field, say, { name, empty: 0, written: (value) => value });
    if (field.onlyInt && !old.onlyInt) say('onlyInt', `Lets ${name} be whole numbers only`);
  },
  date: (old, field, say, name) => range(old, field, say, { name, empty: '""', written: quoted }),
  email: domains,
  url: domains,
  editor: (old, field, say, name) => size(old, field, say, name, 5 << 20),
  json: (old, field, say, name) => size(old, field, say, name, 1 << 20),
  relation(old, field, say, name) {
    if (field.minSelect > Math.max(old.minSelect, 1))
      say(
        'minSelect',
        `Lets ${name} hold ${field.minSelect} values at least`,
        `${old.name}:length > 0 && ${old.name}:length < ${field.minSelect}`,
      );
  },
};

function range(old, field, say, { name, empty, written }) {
  const isSet = (value) => value !== null && value !== undefined && value !== '';
  const { min, max } = field;
  if (isSet(min) && !(isSet(old.min) && min <= old.min))
    say('min', `Lets ${name} be ${min} at least`, `${old.name} < ${written(min)} && ${old.name} != ${empty}`);
  if (isSet(max) && !(isSet(old.max) && max >= old.max))
    say('max', `Lets ${name} be ${max} at most`, `${old.name} > ${written(max)} && ${old.name} != ${empty}`);
}

function domains(old, field, say, name) {
  const [only, except] = [field.onlyDomains ?? [], field.exceptDomains ?? []];
  const [oldOnly, oldExcept] = [old.onlyDomains ?? [], old.exceptDomains ?? []];
  if (only.length > 0 && (oldOnly.length === 0 || oldOnly.some((one) => !only.includes(one))))
    say('onlyDomains', `Lets ${name} be only at ${only.map(code).join(', ')}`);
  const fresh = except.filter((one) => !oldExcept.includes(one));
  if (fresh.length > 0) say('exceptDomains', `Lets ${name} no longer be at ${fresh.map(code).join(', ')}`);
}

function size(old, field, say, name, byItself) {
  const most = (one) => one.maxSize || byItself;
  if (most(field) < most(old)) say('maxSize', `Lets ${name} have ${plural(most(field), 'byte')} at most`);
}

/** What texts may have where nothing is said. */
const TEXT_MAX_CHARS = 5000;
/** A filter can't be longer than a few thousand characters; longer texts are not counted. */
const LENGTH_MAX_CHARS = 3000;
/** Filters for lengths of texts: each `_` stands for one character, `%` for any more. */
const longer = (name, most) => most < LENGTH_MAX_CHARS && `${name} ~ "${'_'.repeat(most + 1)}%"`;
const shorter = (name, least) => least < LENGTH_MAX_CHARS && `${name} !~ "${'_'.repeat(least)}%" && ${name} != ""`;

const cut = (text, length = RULE_MAX_CHARS) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
const brief = (value) => cut(value === undefined ? 'nothing' : JSON.stringify(value), VALUE_MAX_CHARS);

function ruleChanges(before, after, add) {
  for (const [key, label] of [...RULES, ...AUTH_RULES]) {
    if ((before[key] ?? null) === (after[key] ?? null)) continue;
    const said = (rule) => (inWords(rule) === 'As the rule says' ? code(cut(rule)) : inWords(rule).toLowerCase());
    const ends =
      key === 'authRule' && before[key] !== null && after[key] !== null ? ' All tokens and sessions end.' : '';
    add('care', `${label} rule: ${said(before[key])} → ${said(after[key])}.${ends}`);
  }
}

function indexChanges(before, after, add) {
  const named = (sql) => parseIndex(sql)?.name ?? sql;
  const say = (sql) => {
    const index = parseIndex(sql);
    return index
      ? `${index.unique ? 'unique ' : ''}index over ${index.columns.map((column) => code(column.name)).join(', ')}`
      : `index ${sql}`;
  };
  for (const sql of after.filter((one) => !before.includes(one)))
    add('plain', `${before.some((one) => named(one) === named(sql)) ? 'Changes' : 'Adds'} the ${say(sql)}.`);
  for (const sql of before.filter((one) => !after.some((other) => named(other) === named(one))))
    add(
      parseIndex(sql)?.unique ? 'care' : 'plain',
      `Removes the ${say(sql)}${parseIndex(sql)?.unique ? ': values may then be there twice' : ''}.`,
    );
}

function optionChange(key, name, { [key]: before, id: collection }, { [key]: after }, add) {
  if (after?.secret) {
    add('care', `Ends all that was issued of ${ISSUED[key] ?? name.replace('the life of ', '')}.`);
    const { secret, ...rest } = after;
    if (same(before, rest)) return;
  }
  if (key === 'oauth2') {
    providerChanges(collection, before?.providers ?? [], after?.providers ?? [], add);
  }
  if (before?.enabled !== undefined && before.enabled !== after?.enabled)
    add('care', `Switches ${name} ${after?.enabled ? 'on' : 'off'}.`);
  else add('plain', `Changes ${name}.`);
}

/** Services that go, and those that another server answers for from now on: accounts are linked with what it says. */
function providerChanges(collection, before, after, add) {
  const linked = (provider) => async () => {
    const filter = `collectionRef = ${quoted(collection)} && provider = ${quoted(provider.name)}`;
    return `(${plural(await total('_externalAuths', filter), 'account is', 'accounts are')} linked with it)`;
  };
  const host = (address) => (URL.canParse(address) ? new URL(address).host : '');
  const hosts = ({ authURL, tokenURL, userInfoURL }) => [authURL, tokenURL, userInfoURL].map(host);
  for (const provider of before) {
    const next = after.find((other) => other.name === provider.name);
    const name = provider.displayName || provider.name;
    if (!next) add('care', `Removes the sign-in by ${name}, with its secret`, linked(provider));
    else if (hosts(provider).some((one, at) => one !== hosts(next)[at]))
      add(
        'care',
        `Lets another server sign people in by ${name}; whoever it says they are gets their account`,
        linked(provider),
      );
  }
}
