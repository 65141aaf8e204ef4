// The mails that accounts of a collection get: subject and text of each, with a preview beside it.
//
// Used by the options of accounts. Not here: which placeholders there are (`mail-placeholders.js`), how a mail is shown
// (`mail-frame.js`), what it looks like (the server, `/_/preview-mail`).

import { ownPage, post } from '../lib/api.js';
import { debounce, fill, h, icon, uniqueId } from '../lib/dom.js';
import { ask, busy, toast } from '../lib/feedback.js';
import { areaControl, textControl } from './controls.js';
import { mailFrame } from './mail-frame.js';
import { TEMPLATES, placeholderProblems, placeholders } from './mail-placeholders.js';

const PREVIEW_AFTER_MS = 300;

const at = (value, path) => path.split('.').reduce((one, key) => one[key], value);

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
    if (element.open && content.childElementCount === 1) open(draft, template, texts, content);
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
  const control = (make, key, look) =>
    make({ value: value[key], path: `${path}.${key}`, onchange: set(key), ...look });
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

/** Makes what isn't needed before a mail is looked at: what can be put in, and the preview. */
function open(draft, template, texts, content) {
  const chip = (text) =>
    h('button', { type: 'button', class: 'small mono', onclick: () => texts.insert(text) }, text);
  const chips = placeholders(draft, template).map((name) => chip(`{${name}}`));
  fill(texts.slot, h('div', { class: 'row presets' }, h('span', { class: 'hint' }, 'Put in:'), chips));
  const preview = previewOf(draft, template, texts.value);
  texts.listen(debounce(preview.draw, PREVIEW_AFTER_MS));
  content.append(preview.element);
  preview.draw();
}

/** The mail as the server would write it of what is typed, with an account that there isn't. */
function previewOf(draft, template, value) {
  const problems = h('ul', { class: 'banner warn mail-problems', role: 'status', hidden: true });
  const subject = h('p', { class: 'mail-sample-subject' });
  const frame = mailFrame(`Preview of “${template.label}”`);
  const sheet = h('div', { class: 'mail-sheet' }, subject, frame.element);
  const toggle = () => {
    narrow.setAttribute('aria-pressed', String(sheet.classList.toggle('narrow')));
    frame.fit();
  };
  const pressed = { 'aria-pressed': 'false' };
  const narrow = h('button', { type: 'button', class: 'small', ...pressed, onclick: toggle }, 'As on a phone');
  const tellProblems = (list) => {
    problems.hidden = list.length === 0;
    fill(problems, list.map((text) => h('li', {}, text)));
  };
  let asking = null;
  async function draw() {
    asking?.abort();
    asking = new AbortController();
    const found = placeholderProblems(draft, template, value);
    tellProblems(found);
    try {
      const mail = await written(draft, template, {}, asking.signal);
      subject.textContent = mail.subject || '(without a subject)';
      frame.show(mail.html);
    } catch (error) {
      if (error.name === 'AbortError') return;
      tellProblems([...found, `There is no preview now. ${error.text ?? error.message}`]);
    }
  }
  const element = h(
    'div',
    { class: 'mail-preview', role: 'group', 'aria-label': 'Preview' },
    h(
      'div',
      { class: 'row between' },
      h('h3', {}, 'Preview'),
      h('div', { class: 'row' }, narrow, testButton(draft, template)),
    ),
    problems,
    sheet,
    h('p', { class: 'hint' }, 'For an account that there isn’t. Links lead nowhere here, and pictures are left out.'),
  );
  return { element, draw };
}

/** Asks the server for the mail; with `send`, it also goes to somebody. Nothing of that is stored. */
const written = (draft, { kind }, more, signal) =>
  post('/_/preview-mail', { collection: draft.definition(), template: kind, ...more }, { headers: ownPage(), signal });

/** Sends it to somebody, as it is typed. */
function testButton(draft, template) {
  const button = h('button', { type: 'button', class: 'small', onclick: () => send() }, icon('mail'), 'Send a test');
  async function send() {
    const id = uniqueId('test');
    const input = h('input', { id, type: 'email', required: true, value: document.body.dataset.email });
    const yes = await ask({
      title: `Send “${template.label}” as a test`,
      text: 'It is sent at once as it is here, saved or not. Its links are for nobody and open nothing.',
      action: 'Send',
      content: h('div', { class: 'field' }, h('label', { for: id }, 'To'), input),
    });
    if (!yes) return;
    await busy(button, async () => {
      await written(draft, template, { email: input.value, send: true });
      toast(`Sent to ${input.value}.`);
    });
  }
  return button;
}
