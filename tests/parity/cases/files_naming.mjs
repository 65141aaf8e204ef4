// Names of stored files: made of the name that was sent, or of the content where there is none to go by.
// Reference: 3.15, 6.1.

import { OPEN, collection, field, get, post, records } from '../lib/cases.mjs';
import { BMP, GIF_ANIMATED, JPEG_TURNED, WEBP, png } from '../lib/samples.mjs';

const r = '[a-z0-9]{10}';
const path = records('named');
const text = 'some text';

/** Uploads one file. `mask` is for names of which more is random than the ten characters that all end with. */
const upload = (file, { bytes = text, mask, title = `name: ${JSON.stringify(file).slice(0, 80)}`, status = 200, ...rest } = {}) =>
  post(title, path, status, { form: [['f', { file, type: 'text/plain', bytes }]], ...(mask && { mask: { f: mask } }), ...rest });

/** A name with nothing before its extension that could be kept. */
const random = (extension) => ({ mask: new RegExp(`^${r}_${r}${extension}$`) });

const asInTheReference = [
  upload('My File (1).TXT'),
  upload('camelCaseName.txt'),
  upload('a.tar.gz', { mask: new RegExp(`^a${r}_${r}\\.tar\\.gz$`) }),
  upload('noext', { bytes: png(3, 3) }),
  upload('Тест.png', random('\\.png')),
  upload('../../etc/passwd'),
  upload('.hidden', random('\\.hidden')),
];

const extensions = [
  'photo.jpeg.exe', 'alpha.b.c.d', 'alpha..txt', 'alpha...', 'alpha.', 'alpha.txt.', 'alpha.t x t', 'alpha.tx(t)', 'alpha.TaR.Gz',
  'alpha.a*b', 'alpha.a+b', 'alpha.a=b', 'alpha.a#b', 'alpha.a-b_c', 'alpha.ä', 'alpha.äb', 'alpha.1.2', 'alpha.123456789012345678901',
  'alpha.12345678901234567890', 'alpha.one.abcdefghijklmnopqrst', 'alpha.%41', 'alpha.a%2fb', 'alpha.txt;x', 'alpha.txt:stream',
  'alpha.txt ', ' alpha.txt', 'alpha .txt', 'alpha.tar .gz', 'alpha.-', 'alpha.#.txt', 'alpha.txt.txt.txt', 'alpha. .txt',
].map((name) => upload(name));

const bases = [
  'abc.txt', 'aBc.txt', 'HTMLPage.txt', 'someHTMLPage.txt', 'page2Three.txt', 'UPPER.txt', 'with space.txt', 'with-dash.txt',
  'with_under.txt', 'with__two.txt', '_lead.txt', 'trail_.txt', '-lead.txt', 'many   spaces.txt', 'plus+plus.txt', "it's.txt",
  'ümlaut.txt', 'mixedÜmlaut.txt', '日本語abc.txt', 'emoji😀name.txt', 'e\u0301accent.txt', '12345.txt', '1a2b3c.txt', 'a1B2.txt',
  'tab\tname.txt', 'semi;colon.txt', 'per%20cent.txt', 'amp&ersand.txt', '$dollar.txt', '{brace}.txt', 'a,b,c.txt', 'one@two.txt',
  'CON.txt', 'nul.txt', '~tilde.txt', '<b>bold.txt', 'back`tick.txt', '#hash.txt', '?query=1.txt',
].map((name) => upload(name));

const short = [
  upload('ab.txt', { mask: new RegExp(`^ab${r}_${r}\\.txt$`) }),
  upload('a.txt', { mask: new RegExp(`^a${r}_${r}\\.txt$`) }),
  upload('.txt', random('\\.txt')),
  upload('..txt', random('\\.txt')),
  upload('_.txt', random('\\.txt')),
  upload('__.txt', random('\\.txt')),
  upload('()!.txt', random('\\.txt')),
  upload(' .txt', random('\\.txt')),
  upload('A.txt', { mask: new RegExp(`^a${r}_${r}\\.txt$`) }),
  upload('.', random('\\.txt')),
  upload('..', random('\\.txt')),
  upload('...', random('\\.txt')),
];

const long = [
  upload(`${'a'.repeat(100)}.txt`, { title: '100 letters' }),
  upload(`${'a'.repeat(101)}.txt`, { title: '101 letters' }),
  upload(`${'Ab'.repeat(60)}.txt`, { title: '60 humps' }),
  upload(`begin${'b'.repeat(400)}.txt`, { title: '400 letters' }),
  upload(`${'c'.repeat(299)}ü.txt`, { title: 'a letter of two bytes at the end of many' }),
  upload(`${'ü'.repeat(200)}alpha.txt`, { title: 'letters of two bytes where it is cut', status: 400 }),
  upload(`alpha.${'e'.repeat(400)}`, { title: 'an extension of 400 letters' }),
  upload(`${'x.'.repeat(300)}txt`, { title: '300 dots' }),
];

const folders = [
  upload('a/b/inner.txt'),
  upload('/etc/based.txt'),
  upload('folder/'),
  upload('/', random('\\.txt')),
  upload('../..', random('\\.txt')),
  upload('a/../upwards.txt'),
  upload('./here.txt'),
  upload('..%2f..%2fescaped.txt', { mask: new RegExp(`^2f${r}_${r}\\.2fescaped\\.txt$`) }),
  upload('\\\\\\\\share\\\\file.txt'),
  upload('C:\\\\fakepath\\\\photo.txt'),
  upload('..\\\\..\\\\windows.txt', random('\\.windows\\.txt')),
];

const quoting = [
  upload('with \\"quotes\\".txt'),
  upload('back\\\\slash.txt'),
  upload('%22percent%22.txt'),
];

const contents = [
  ['png', png(2, 2)], ['jpeg', JPEG_TURNED], ['gif', GIF_ANIMATED], ['webp', WEBP], ['bmp', BMP], ['text', text], ['empty', ''],
  ['html', '<!DOCTYPE html><html><body>x</body></html>'], ['svg', '<svg xmlns="http://www.w3.org/2000/svg"></svg>'],
  ['xml', '<?xml version="1.0"?><a/>'], ['json', '{"a":[1,2,{"b":null}]}'], ['pdf', '%PDF-1.4\n%%EOF\n'], ['csv', 'a,b\n1,2\n3,4\n'],
  ['zip', Buffer.from('504b0506000000000000000000000000000000000000', 'hex')], ['gzip', Buffer.from('1f8b080000000000000303000000000000000000', 'hex')],
  ['zeros', Buffer.alloc(64)], ['utf-16', Buffer.from('\ufeffabc', 'utf16le')], ['shell', '#!/bin/sh\necho\n'], ['wave', 'RIFF\x24\0\0\0WAVEfmt '],
  ['latin-1', Buffer.from('caf\xe9', 'latin1')], ['mp3', Buffer.from('494433040000000000000000', 'hex')],
].map(([kind, bytes]) => upload('unnamed', { title: `no extension: ${kind}`, bytes, save: { [`of ${kind}`]: 'f' } }));

/** Texts that look like something: mostly they are texts all the same. */
const texts = [
  'a,b\n1,2', 'a,b\r\n1,2\r\n3,4\r\n', 'a,b\n', 'a,b\n1,2,3\n', '\ufeffa,b\n1,2\n', '#c\na,b\n1,2\n', 'a,b\n\n1,2\n', '"a,b",c\n"x ""y""",d\n', 'x,"unclosed\ny,z\n',
  'a\tb\n1\t2\n', 'a;b;c\n1;2;3\n', 'a|b|c\n1|2|3\n', 'Dear Ann,\nhow are you,\nBob,\n', 'class Foo\nend\n', 'def x\n  1\nend\n', 'fn main() {}\nuse the thing\n', 'Sub x\nEnd Sub\n',
  '@echo off\n', '#include <stdio.h>\n', 'function f() { return 1 }\nvar x = 1;\n', 'use strict;\nmy $x = 1;\n', 'export default {}\n', '[section]\nkey=value\n', '[1,2]', '{"a":1}\n{"a":2}\n', 'true', '12',
  '#!/usr/bin/env python\n', '#!/usr/bin/env node\n', '{\\rtf1 a}', '<p>x', 'hi <b>x</b>', 'WEBVTT\n\n', 'From: a@b\nTo: c\nSubject: x\n\nbody', 'key = "value"\n', '\\documentclass{article}\n', '\x1b[31mred\x1b[0m', 'a\fb', 'a\x07b', '   ', '\n\n',
].map((bytes) => upload('unnamed', { title: `a text: ${JSON.stringify(bytes).slice(0, 60)}`, bytes }));

export default [
  collection('named', { ...OPEN, fields: [field.file('f')] }),
  collection('original', { ...OPEN, createRule: "@request.body.f.originalName = 'Given Name (1).TXT'", fields: [field.file('f')] }),
  ...asInTheReference, ...extensions, ...bases, ...short, ...long, ...folders, ...quoting, ...contents, ...texts,
  post('an empty file name is a text', path, 400, { form: [['f', { file: '', bytes: text }]] }),
  post('a rule sees the original name', records('original'), 200, { form: [['f', { file: 'Given Name (1).TXT', bytes: text }]] }),
  post('a rule sees another original name', records('original'), 400, { form: [['f', { file: 'given_name_1.TXT', bytes: text }]] }),
  post('a rule sees the original name without folders', records('original'), 200, { form: [['f', { file: 'x/Given Name (1).TXT', bytes: text }]] }),
  post('the extension of a picture stays what it was called', path, 200, { form: [['f', { file: 'picture.txt', bytes: png(1, 1) }]] }),
  get('what was stored', path, 200, { query: { perPage: '5', fields: 'id,f', skipTotal: '1', sort: '@rowid', filter: 'f ~ "alpha%"' } }),
];
