// Calls as text: curl, JavaScript and Dart. Called by the operations. Every value is quoted for its language, so data
// can't become code in somebody's shell.

/** For a POSIX shell. */
export const shell = (text) => `'${String(text).replaceAll('\'', '\'\\\'\'')}'`;

/** A text in JavaScript. */
export const js = (text) =>
  `'${JSON.stringify(String(text)).slice(1, -1).replaceAll('\\"', '"').replaceAll('\'', '\\\'')}'`;

/** A text in Dart, where `$` would mean something. */
export const dart = (text) => js(text).replaceAll('$', '\\$');

const isName = (key) => /^[A-Za-z_]\w*$/.test(key);

/** A value in JavaScript, over several lines where it is long. */
export const jsValue = (value, indent = '') => write(value, indent, { text: js, key: (key) => isName(key) ? key
    : js(key) });

/** A value in Dart. */
export const dartValue = (value, indent = '') => write(value, indent, { text: dart, key: dart });

function write(value, indent, language) {
  if (typeof value === 'string') return language.text(value);
  if (value instanceof Raw) return value.code;
  if (value === null || typeof value !== 'object') return String(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList ? value.map((one) => write(one, inner, language))
    : Object.entries(value).map(([key, one]) => `${language.key(key)}: ${write(one, inner, language)}`);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const line = isList ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  if (line.length < 60 && !line.includes('\n')) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`;
}

/** Code that stands in a value as it is. */
export class Raw {
  constructor(text) {
    this.code = text;
  }
}

/** A whole address with its query. */
function urlOf(base, path, query = {}) {
  const search = Object.entries(query).filter(([, value]) => value !== '' && value !== undefined && value !== null)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&');
  return `${base}${path}${search ? `?${search}` : ''}`;
}

/**
 * A call by curl.
 * @param {{ base: string, method?: string, path: string, query?: object, body?: object, files?: object,
 *   token?: boolean, flags?: string[] }} call `files`: names of files by field; then everything goes as a form.
 */
export function curl({ base, method = 'GET', path, query, body, files = {}, token = true, flags = [] }) {
  const start = ['curl', ...flags, method === 'GET' ? '' : `-X ${method}`, shell(urlOf(base, path, query))];
  const lines = [start.filter(Boolean).join(' ')];
  if (token) lines.push('-H "Authorization: $TOKEN"');
  if (Object.keys(files).length > 0) {
    const json = JSON.stringify(body ?? {});
    if (json !== '{}') lines.push(`--form-string ${shell(`@jsonPayload=${json}`)}`);
    for (const [name, file] of Object.entries(files)) lines.push(`-F ${shell(`${name}=@${file}`)}`);
  } else if (body !== undefined && body !== null) {
    lines.push('-H \'Content-Type: application/json\'', `-d ${shell(JSON.stringify(body, null, 2))}`);
  }
  return lines.join(' \\\n  ');
}

/** What a program in JavaScript begins with. */
export const jsStart = (base, token = true) =>
  `import PocketBase from 'pocketbase';\n\nconst pb = new PocketBase(${js(base)});\n`
  + (token ? 'pb.authStore.save(\'TOKEN\'); // a token or an API key; or sign in\n' : '') + '\n';

const DART_HTTP = 'import \'package:http/http.dart\' as http;\n';

/** What a program in Dart begins with; `files` if it sends some. */
export const dartStart = (base, token = true, files = false) => (files ? DART_HTTP : '')
  + `import 'package:pocketbase/pocketbase.dart';\n\nfinal pb = PocketBase(${dart(base)});\n`
  + (token ? 'pb.authStore.save(\'TOKEN\', null); // a token or an API key; or sign in\n' : '') + '\n';

/** A collection in JavaScript, and in Dart. */
export const jsOf = ({ collection }) => `pb.collection(${js(collection.name)})`;
export const dartOf = ({ collection }) => `pb.collection(${dart(collection.name)})`;
