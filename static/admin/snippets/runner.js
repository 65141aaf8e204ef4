// The request runner: sends what is typed as the superuser, as a guest, or with a pasted token, and shows the answer.
// Called by preview.js. Its requests are real; it sends to this server only.

import { address, root } from '../lib/api.js';
import { fill, h, icon, iconButton, uniqueId } from '../lib/dom.js';
import { ask, copy, tell } from '../lib/feedback.js';
import { ago, bytes, duration } from '../lib/format.js';
import { forget, past, remember } from './history.js';

const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];
const SHOWN_MAX_CHARS = 200_000;
/** How the list of what was sent says it. */
const SHORT = { session: 'as you', guest: 'as a guest', token: 'with a token' };
const AS = { session: 'You, as a superuser', guest: 'A guest, without signing in', token: 'A token or an API key' };

/** Builds the runner; `load(request)` fills it in, unless somebody has typed; `take(request)` does always. */
export function runner() {
  const ids = Object.fromEntries(['method', 'path', 'body', 'token', 'problem', 'path-problem']
    .map((name) => [name, uniqueId(`run-${name}`)]));
  let isTouched = false;
  let abort;

  const method = h('select', { id: ids.method, onchange: show }, METHODS.map((name) => h('option', {}, name)));
  const path = h('input', { id: ids.path, class: 'mono', spellcheck: 'false', autocomplete: 'off', required: true });
  const pathProblem = h('p', { class: 'problem', id: ids['path-problem'], hidden: true });
  const rows = h('div', { class: 'run-query' });
  const body = h('textarea', { id: ids.body, class: 'mono', rows: 8, spellcheck: 'false' });
  const bodyProblem = h('p', { class: 'problem', id: ids.problem, hidden: true });
  const bodyField = h('div', { class: 'field' }, h('div', { class: 'row between' }, h('label', { for: ids.body },
        'Body'),
    h('button', { type: 'button', class: 'small plain', onclick: format }, 'Format')), body, h('p', { class: 'hint' },
      'JSON. For files, use curl.'), bodyProblem);
  const token = h('input', { id: ids.token, class: 'mono', type: 'password', autocomplete: 'off',
      placeholder: 'Paste it here' });
  const tokenField = h('div', { class: 'field', hidden: true }, h('label', { for: ids.token }, 'Token or API key'),
    token, h('p', { class: 'hint' }, 'It is sent with this request and kept nowhere.'));
  const choices = h('fieldset', { class: 'run-as' }, h('legend', {}, 'Send as'), Object.entries(AS)
    .map(([name, label]) => {
    const id = uniqueId('run-as');
    return h('div', { class: 'check' }, h('input', { type: 'radio', name: 'as', value: name, id,
          checked: name === 'session', onchange: show }), h('label', { for: id }, label));
  }));
  const real = h('p', { class: 'banner warn', hidden: true }, 'This request is real: it changes this server’s data.');
  const send = h('button', { type: 'submit', class: 'main' }, icon('play'), 'Send');
  const stop = h('button', { type: 'button', hidden: true, onclick: () => abort?.abort() }, 'Stop');
  const result = h('div', { class: 'run-result', 'aria-live': 'polite' }, h('p', { class: 'quiet' },
      'The answer will be here.'));
  const list = h('div', {});
  const submitByKey = (event) => { if (event.key === 'Enter'
      && (event.ctrlKey || event.metaKey)) form.requestSubmit(); };
  const form = h('form', { class: 'run-form', oninput: () => { isTouched = true; }, onkeydown: submitByKey,
      onsubmit: run },
    h('div', { class: 'run-line' }, h('div', { class: 'field' }, h('label', { for: ids.method }, 'Method'), method),
      h('div', { class: 'field grow' }, h('label', { for: ids.path }, 'Path'), path, pathProblem)),
    h('fieldset', { class: 'field' }, h('legend', {}, 'Query'), rows,
      h('div', {}, h('button', { type: 'button', class: 'small',
          onclick: () => { addRow(); isTouched = true; rows.lastChild.querySelector('input').focus(); } }, icon('plus'),
          'Add a parameter'))),
    bodyField, choices, tokenField, real, h('div', { class: 'row' }, send, stop, h('kbd', { class: 'only-desk' },
        'Ctrl Enter')));
  const element = h('section', { class: 'card runner', 'aria-labelledby': 'run-title' },
    h('h2', { id: 'run-title', tabindex: '-1' }, 'Try it'),
    h('div', { class: 'run-columns' }, form, h('div', { class: 'stack' }, result, list)));
  const chosen = () => form.querySelector('[name="as"]:checked').value;
  drawPast();
  show();

  function addRow(name = '', value = '') {
    const row = h('div', { class: 'run-parameter' }, h('input', { class: 'mono', 'aria-label': 'Name',
          placeholder: 'name', value: name, spellcheck: 'false' }),
      h('input', { class: 'mono', 'aria-label': 'Value', placeholder: 'value', value, spellcheck: 'false' }),
      iconButton('x', 'Remove this parameter', { onclick: () => { row.remove(); isTouched = true; } }));
    rows.append(row);
  }

  function show() {
    const writes = method.value !== 'GET';
    bodyField.hidden = !writes;
    real.hidden = !writes;
    fill(send, icon('play'), writes ? 'Send for real' : 'Send');
    tokenField.hidden = chosen() !== 'token';
  }

  function take(request) {
    method.value = request.method;
    path.value = request.path;
    fill(rows);
    const query = Array.isArray(request.query) ? request.query : Object.entries(request.query ?? {});
    for (const [name, value] of query) if (value !== '' || Array.isArray(request.query)) addRow(name, String(value));
    body.value = typeof request.body === 'string' ? request.body : request.body ? JSON.stringify(request.body, null, 2)
      : '';
    if (request.as) form.querySelector(`[name="as"][value="${CSS.escape(request.as)}"]`)?.click();
    isTouched = false;
    complain(bodyProblem, body, '');
    complain(pathProblem, path, '');
    show();
  }

  function format() {
    const parsed = parse();
    if (parsed) body.value = JSON.stringify(parsed.value, null, 2);
  }

  /** The body as JSON, `null` if it isn't; says so beside it. */
  function parse() {
    complain(bodyProblem, body, '');
    if (body.value.trim() === '') return { value: undefined };
    try {
      return { value: JSON.parse(body.value) };
    } catch (error) {
      complain(bodyProblem, body, `This isn’t JSON: ${error.message}`);
      return null;
    }
  }

  function complain(place, input, text) {
    place.textContent = text;
    place.hidden = text === '';
    if (text) {
      input.setAttribute('aria-invalid', 'true');
      input.setAttribute('aria-describedby', place.id);
      input.focus();
    } else {
      input.removeAttribute('aria-invalid');
      input.removeAttribute('aria-describedby');
    }
  }

  /** Where it goes; only to this server, below the path where it is shown. */
  function target() {
    complain(pathProblem, path, '');
    const typed = path.value.trim();
    const url = typed.startsWith('/') && !typed.startsWith('//') ? new URL(address(typed)) : null;
    if (url?.origin === root.origin && url.pathname.startsWith(root.pathname)) return url;
    complain(pathProblem, path, 'A path of this server, such as /api/health.');
    return null;
  }

  async function run(event) {
    event.preventDefault();
    const url = target();
    if (!url) return;
    const writes = method.value !== 'GET';
    const json = writes ? parse() : { value: undefined };
    if (!json) return;
    const query = [...rows.children].map((row) => [...row.querySelectorAll('input')].map((input) => input.value))
      .filter(([name]) => name.trim() !== '');
    for (const [name, value] of query) url.searchParams.append(name.trim(), value);
    const wanted = { method: method.value, path: path.value.trim(), query, body: writes ? body.value : '',
      as: chosen() };
    if (wanted.method === 'DELETE' && !await ask({ title: 'Send this for real?', text: `DELETE ${wanted.path}`,
          action: 'Delete', danger: true })) return;
    await exchange(url, wanted, json.value);
  }

  async function exchange(url, wanted, json) {
    abort = new AbortController();
    const { signal } = abort;
    const headers = {};
    if (json !== undefined) headers['Content-Type'] = 'application/json';
    if (wanted.as === 'token') headers.Authorization = token.value.trim();
    send.disabled = true;
    stop.hidden = false;
    const waiting = h('p', { class: 'quiet' }, 'Waiting for the answer …');
    fill(result, waiting);
    const start = performance.now();
    try {
      const answer = await fetch(url, { method: wanted.method, headers, signal, body: json === undefined ? undefined
          : JSON.stringify(json), credentials: wanted.as === 'session' ? 'same-origin' : 'omit', cache: 'no-store' });
      const ms = performance.now() - start;
      remember({ ...wanted, status: answer.status, ms });
      await showAnswer(answer, ms);
    } catch (error) {
      if (error.name === 'AbortError') {
        // What a stream has told so far stays.
        waiting.remove();
        result.append(h('p', { class: 'quiet' }, 'Stopped.'));
      } else {
        fill(result, h('p', { class: 'banner problem', role: 'alert' },
          'The request couldn’t be sent, or its answer didn’t arrive.'));
        // That is how browsers say that there was no answer; what else it may be is a mistake of ours.
        if (!(error instanceof TypeError)) tell(error);
      }
    } finally {
      send.disabled = false;
      stop.hidden = true;
      drawPast();
    }
  }

  async function showAnswer(answer, ms) {
    const kind = answer.status < 300 ? 'good' : answer.status < 400 ? 'info' : 'problem';
    const type = answer.headers.get('content-type') ?? '';
    const size = h('span', { class: 'quiet' });
    const pre = h('pre', { class: 'code', tabindex: '0', role: 'region', 'aria-label': 'Body of the answer' });
    const copyButton = h('button', { type: 'button', class: 'small', onclick: () => copy(pre.textContent) },
      icon('copy'), 'Copy');
    fill(result, h('div', { class: 'row between' }, h('div', { class: 'row' },
          h('strong', { class: `badge ${kind}`, 'data-status': '' }, `${answer.status} ${answer.statusText}`.trim()),
          h('span', { class: 'quiet' }, duration(ms)), size), copyButton),
      h('details', {}, h('summary', {}, 'Headers'), h('pre', { class: 'code' }, [...answer.headers]
          .map(([name, value]) => `${name}: ${value}`).join('\n'))), pre);
    if (/^(?:image|audio|video|font)\/|octet-stream|zip|pdf/.test(type)) {
      const blob = await answer.blob();
      size.textContent = bytes(blob.size);
      fill(pre, `A file of the type ${type}.`);
      return;
    }
    const text = await readText(answer, (part) => { pre.textContent = part.slice(-SHOWN_MAX_CHARS); });
    size.textContent = bytes(new TextEncoder().encode(text).length);
    const nice = /json/.test(type) ? pretty(text) : text;
    pre.textContent = nice === '' ? '(no body)' : nice.length > SHOWN_MAX_CHARS
      ? `${nice.slice(0, SHOWN_MAX_CHARS)}\n… cut off` : nice;
  }

  function drawPast() {
    const entries = past();
    if (entries.length === 0) return fill(list);
    const wasOpen = list.querySelector('details')?.open;
    return fill(list, h('details', { open: wasOpen }, h('summary', {}, `Sent before (${entries.length})`),
      h('ol', { class: 'run-past' }, entries
        .map((one) => h('li', {}, h('button', { type: 'button', class: 'plain',
              onclick: () => { take(one); path.focus(); } },
        h('span', { class: `verb ${one.method.toLowerCase()}` }, one.method), h('span', { class: 'mono grow' },
          one.path),
        h('span', { class: 'quiet small nowrap' }, `${one.status} · ${SHORT[one.as] ?? ''} · ${ago(one.at)}`))))),
      h('button', { type: 'button', class: 'small', onclick: () => { forget(); drawPast(); } }, 'Forget these')));
  }

  return {
    element,
    load: (request) => { if (!isTouched) take(request); },
    take,
    focus: () => {
      element.scrollIntoView({ block: 'start' });
      element.querySelector('h2').focus({ preventScroll: true });
    },
  };
}

/** The text of an answer; streams tell `part` what has come so far. */
async function readText(answer, part) {
  if (!answer.body) return answer.text();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += value;
    part(text);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
