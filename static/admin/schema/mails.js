// The mails that accounts of a collection get: subject and text of each, with a preview beside it.
//
// Used by the options of accounts. Not here: what placeholders are filled with (`mail-sample.js`), how a mail is shown
// (`mail-frame.js`).

import { get, post } from '../lib/api.js';
import { debounce, fill, h, icon, uniqueId } from '../lib/dom.js';
import { ask, busy, tell, toast } from '../lib/feedback.js';
import { areaControl, textControl } from './controls.js';
import { mailFrame } from './mail-frame.js';
import { TEMPLATES, examples, filledIn, placeholderProblems } from './mail-sample.js';

const PREVIEW_AFTER_MS = 200;

const at = (value, path) => path.split('.').reduce((one, key) => one[key], value);

let settings = null;
/** Name and address of the server, as mails tell them. */
const server = () => (settings ??= get('/api/settings', { fields: 'meta' }).then(({ meta }) => meta));

/** The card with all mails. */
export const mails = (draft) =>
  h('section', { class: 'card mails' }, h('h2', {}, 'Mails'), TEMPLATES.map((template) => mail(draft, template)));

function mail(draft, template) {
  const content = h('div', { class: 'mail-editor' });
  const element = h('details', { class: 'template' }, h('summary', {}, template.label), content);
  // Inputs are there from the start, so that a problem of theirs finds its place; the rest is made when it is seen.
  const texts = inputs(draft, template);
  fill(content, texts.element);
  element.addEventListener('toggle', () => {
    if (!element.open || content.childElementCount > 1) return;
    open(draft, template, texts, content).catch(tell);
  });
  return element;
}

/** Subject and body, and what puts a text where the caret is, or was. */
function inputs(draft, { path }) {
  const value = at(draft.value, path);
  const listeners = [];
  const set = (key) => (text) => {
    value[key] = text;
    draft.changed();
    for (const listener of listeners) listener();
  };
  const control = (make, key, options) => make({ value: value[key], path: `${path}.${key}`, onchange: set(key), ...options });
  const subject = control(textControl, 'subject', { label: 'Subject' });
  const body = control(areaControl, 'body', { label: 'Body (HTML)', mono: true, rows: 11 });
  const slot = h('div', {});
  let target = body.querySelector('textarea');
  for (const field of [subject, body])
    field.addEventListener('focusin', (event) => {
      target = event.target;
    });
  return {
    value,
    element: h('div', {}, subject, body, slot),
    slot,
    listen: (listener) => listeners.push(listener),
    insert(text) {
      target.setRangeText(text, target.selectionStart, target.selectionEnd, 'end');
      target.dispatchEvent(new Event('input'));
      target.focus();
    },
  };
}

async function open(draft, template, texts, content) {
  const known = await server();
  const values = () => examples(draft, template, known);
  const chip = ([name, example]) =>
    h('button', { type: 'button', class: 'small mono', title: example, onclick: () => texts.insert(`{${name}}`) }, `{${name}}`);
  fill(
    texts.slot,
    h('div', { class: 'row presets' }, h('span', { class: 'hint' }, 'Put in:'), values().map(chip)),
  );
  const problems = h('ul', { class: 'banner warn mail-problems', role: 'status', hidden: true });
  const subject = h('p', { class: 'mail-sample-subject' });
  const frame = mailFrame(`Preview of “${template.label}”`);
  const sheet = h('div', { class: 'mail-sheet' }, subject, frame.element);
  const narrow = h(
    'button',
    {
      type: 'button',
      class: 'small',
      'aria-pressed': 'false',
      onclick: () => {
        narrow.setAttribute('aria-pressed', String(sheet.classList.toggle('narrow')));
        frame.fit();
      },
    },
    'As on a phone',
  );
  const draw = () => {
    const found = placeholderProblems(draft, template, texts.value, values());
    problems.hidden = found.length === 0;
    fill(problems, found.map((text) => h('li', {}, text)));
    subject.textContent = filledIn(texts.value.subject, values()) || '(without a subject)';
    frame.show(filledIn(texts.value.body, values(), { html: true }));
  };
  texts.listen(debounce(draw, PREVIEW_AFTER_MS));
  content.append(
    h(
      'div',
      { class: 'mail-preview', role: 'group', 'aria-label': 'Preview' },
      h('div', { class: 'row between' }, h('h3', {}, 'Preview'), h('div', { class: 'row' }, narrow, !draft.isNew && testButton(draft, template))),
      problems,
      sheet,
      h('p', { class: 'hint' }, 'With examples in place of what is the account’s own. Links and pictures are left out.'),
    ),
  );
  draw();
}

/** Sends it to somebody, as it is stored. */
function testButton(draft, { path, label, test }) {
  const button = h('button', { type: 'button', class: 'small', onclick: () => send() }, icon('mail'), 'Send a test');
  async function send() {
    const id = uniqueId('test');
    const input = h('input', { id, type: 'email', required: true, value: document.body.dataset.email });
    const differs = JSON.stringify(at(draft.value, path)) !== JSON.stringify(at(draft.saved, path));
    const yes = await ask({
      title: `Send “${label}” as a test`,
      text: differs ? 'The mail is sent as it is stored; what you have changed isn’t in it until you save.' : undefined,
      action: 'Send',
      content: h('div', { class: 'field' }, h('label', { for: id }, 'To'), input),
    });
    if (!yes) return;
    await busy(button, async () => {
      await post('/api/settings/test/email', { collection: draft.saved.name, template: test, email: input.value });
      toast(`Sent to ${input.value}.`);
    });
  }
  return button;
}
