// A CSV or JSON file that is to be imported: what is in it, and what is sent of it. Used by import.js. The server reads
// the file; here it is only looked at, and written anew if its columns have other names, or other signs between or in
// them.

import { delimiterOf, lineOf, parse } from '../lib/csv.js';

const ROWS_SHOWN = 5;
/** Enough of a large file to see its first rows. */
const LOOKED_AT_BYTES = 256 * 1024;
/** Where a column goes that isn't imported. */
export const LEFT_OUT = '';
/** What spreadsheets write that don't write UTF-8. */
const OLD_ENCODING = 'windows-1252';
const BYTE_ORDER_MARKS = { 'utf-16le': [0xff, 0xfe], 'utf-16be': [0xfe, 0xff] };

/** What stands in the file may be one of these, though it isn't imported. */
export const ignored = (collection) =>
  new Set([
    'collectionId',
    'collectionName',
    'expand',
    ...collection.fields.filter((field) => field.type === 'autodate').map((field) => field.name),
  ]);

export const targets = (collection) =>
  collection.fields
    .filter((field) => !['autodate', 'file'].includes(field.type) && field.name !== 'tokenKey')
    .map((field) => field.name);

/**
 * `{ file, format, encoding, delimiter, names, rows, mapping }`: the first rows, and for each name in the file the
 * field that it fills.
 */
export async function openFile(file, collection) {
  const encoding = await encodingOf(file);
  const start = new TextDecoder(encoding).decode(await file.slice(0, LOOKED_AT_BYTES).arrayBuffer());
  const format = /^\s*[[{]/.test(start) && !/\.(csv|tsv)$/i.test(file.name) ? 'json' : 'csv';
  const delimiter = delimiterOf(start);
  const all =
    format === 'csv' ? parse(start, { delimiter, most: ROWS_SHOWN + 1 }) : await jsonRows(file, start, encoding);
  const names = format === 'csv' ? (all.shift() ?? []) : [...new Set(all.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) throw new Error('There is nothing in this file.');
  const rows = format === 'csv' ? all : all.map((row) => names.map((name) => row[name]));
  return { file, format, encoding, delimiter, names, rows, mapping: mappingOf(names, targets(collection)) };
}

/** The fields that have the columns' names, however these are written. */
function mappingOf(names, known) {
  const plain = (name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/[\s_-]+/g, '_');
  return names.map(
    (name) => known.find((one) => one === name.trim()) ?? known.find((one) => plain(one) === plain(name)) ?? LEFT_OUT,
  );
}

/** UTF-8 if it can be, because little else looks like it. */
async function encodingOf(file) {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  for (const [name, mark] of Object.entries(BYTE_ORDER_MARKS)) if (first === mark[0] && second === mark[1]) return name;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const part of file.stream()) decoder.decode(part, { stream: true });
    decoder.decode();
    return 'utf-8';
  } catch (error) {
    if (error instanceof TypeError) return OLD_ENCODING;
    throw error;
  }
}

const textOf = async ({ file, encoding }) => new TextDecoder(encoding).decode(await file.arrayBuffer());

/** An array, or an object a line. The beginning is enough only for the latter. */
async function jsonRows(file, start, encoding) {
  if (start.trimStart().startsWith('[')) return JSON.parse(await textOf({ file, encoding })).slice(0, ROWS_SHOWN);
  // Where the beginning ends, a line may have been cut; if there is no whole one, the file is read on.
  const whole = file.size > LOOKED_AT_BYTES ? start.slice(0, start.lastIndexOf('\n') + 1) : start;
  const lines = linesOf(whole, ROWS_SHOWN);
  const found = lines.length > 0 ? lines : linesOf(await textOf({ file, encoding }), ROWS_SHOWN);
  return found.map((line) => JSON.parse(line));
}

const linesOf = (text, most) => text.split('\n', most).filter((line) => line.trim());

/** What is sent: the file itself, or the same rows under the fields' names. */
export async function bodyOf(table) {
  const { file, format, encoding, names, mapping, delimiter } = table;
  const used = mapping.filter((name) => name !== LEFT_OUT);
  if (used.length === 0) throw new Error('No column of the file has a field.');
  const twice = used.find((name, at) => used.indexOf(name) !== at);
  if (twice) throw new Error(`Two columns are to fill ${twice}.`);
  const asItIs = encoding === 'utf-8' && names.every((name, at) => name === mapping[at]);
  if (asItIs && (format === 'json' ? !(await hasMark(file)) : delimiter === ',')) return file;
  const text = await textOf(table);
  return format === 'csv' ? rewrittenCsv(text, table) : rewrittenJson(text, table);
}

/** Whether a file begins with a mark that JSON doesn't know. */
const hasMark = async (file) => new Uint8Array(await file.slice(0, 1).arrayBuffer())[0] === 0xef;

function rewrittenCsv(text, { mapping, delimiter }) {
  const [, ...rows] = parse(text, { delimiter });
  const kept = mapping.map((name, at) => [name, at]).filter(([name]) => name !== LEFT_OUT);
  const lines = rows.map((row) => lineOf(kept.map(([, at]) => row[at] ?? '')));
  // Lines rather than one text, which might be longer than texts can be.
  return new Blob([lineOf(kept.map(([name]) => name)), ...lines]);
}

function rewrittenJson(text, { names, mapping }) {
  const rows = text.trimStart().startsWith('[') ? JSON.parse(text) : linesOf(text).map((line) => JSON.parse(line));
  const place = new Map(names.map((name, at) => [name, mapping[at]]));
  const renamed = (row) =>
    Object.fromEntries(
      Object.entries(row)
        .map(([name, value]) => [place.get(name) ?? name, value])
        .filter(([name]) => name !== LEFT_OUT),
    );
  return JSON.stringify(rows.map(renamed));
}
