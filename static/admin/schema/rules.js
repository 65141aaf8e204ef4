// The rules of a collection: who may do what. Each is for superusers only, or an expression in an editor that completes
// names and shows what is wrong while one types.
//
// Used by the editor of collections; `ruleEditor` also by the options of second factors. Not here: the language
// (`rule-words.js`), how it is checked (the server, `/_/check-rule`).

import { Refused, ownPage, post } from '../lib/api.js';
import { fill, h, uniqueId } from '../lib/dom.js';
import { editor } from '../lib/editor.js';
import { placeAt, quotedIn } from './rule-place.js';
import { AUTH_RULES, RULES, forgetsGuests, inShort, inWords, suggestions, valuesOf } from './rule-words.js';

/** Asks the server what is wrong with a rule of the draft. An older server can't say; then saving does. */
async function check(draft, key, rule) {
  if (rule.trim() === '') return [];
  try {
    const { problems } = await post(
      '/_/check-rule',
      { collection: draft.definitionFor(key, rule), rule },
      { headers: ownPage() },
    );
    return problems;
  } catch (error) {
    if (error instanceof Refused) return [];
    throw error;
  }
}

const complete = (draft) => (context) => {
  const place = placeAt(context.state.doc.toString(), context.pos);
  if (place.kind === 'comment') return null;
  if (place.kind === 'text') return completeText(draft, place, context);
  const word = context.matchBefore(/[@\w.:]*/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  const found = suggestions(draft, word.text);
  return found.options.length > 0 ? { from: word.from + found.from, options: found.options, validFor: /^\w*$/ } : null;
};

/** Within quotes: what the other side of the comparison can be, where that is known. */
function completeText(draft, { start, quote, path }, { pos, state }) {
  const values = path ? valuesOf(draft, path) : [];
  if (values.length === 0) return null;
  const isClosed = state.sliceDoc(pos, pos + 1) === quote;
  const end = isClosed ? '' : quote;
  const options = values.map((value) => ({ label: value, apply: quotedIn(value, quote) + end, type: 'text' }));
  return { from: start, options, validFor: new RegExp(`^[^${quote}]*$`) };
}

/** What is wrong, in words; in a rule of several lines also where. */
function inWordsOf(problems, text) {
  const line = (from) => text.slice(0, from).split('\n').length;
  return problems
    .map(({ from, message }) => {
      const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`.replace(/([.!?])\.$/, '$1');
      return text.includes('\n') ? `Line ${line(from)}: ${sentence}` : sentence;
    })
    .join(' ');
}

/** An editor for one rule, with the problem below it in words. */
export async function ruleEditor({ draft, key, value, label, onchange, readOnly, placeholder = 'Empty: everybody' }) {
  const said = h('p', { class: 'problem small', role: 'status', hidden: true });
  let asked = 0;
  const made = await editor({
    language: 'rule',
    value,
    label,
    readOnly,
    placeholder,
    onchange,
    complete: complete(draft),
    check: async (text) => {
      const turn = (asked += 1);
      const problems = await check(draft, key, text);
      if (turn === asked) {
        said.hidden = problems.length === 0;
        said.textContent = inWordsOf(problems, text);
      }
      return problems;
    },
  });
  return { ...made, element: h('div', { class: 'rule-editor', dataset: { path: key } }, made.element, said) };
}

/** The panel with all rules. Editors are made when it is first shown: `mount()`. */
export function rulePanel(draft) {
  const element = h('div', { class: 'stack rules' });
  const mount = async () => {
    const shown = draft.isView ? RULES.slice(0, 2) : RULES;
    const rows = await Promise.all(shown.map((rule) => ruleRow(draft, rule)));
    const auth = draft.isAuth ? await Promise.all(AUTH_RULES.map((rule) => ruleRow(draft, rule))) : [];
    fill(
      element,
      draft.value.system &&
        h('p', { class: 'banner' }, 'This is a collection of the system: its rules stay as they are.'),
      h('section', { class: 'card' }, h('h2', {}, 'Who may do what'), rows),
      auth.length > 0 && h('section', { class: 'card' }, h('h2', {}, 'Accounts'), auth),
      help(draft),
    );
  };
  return { element, mount };
}

async function ruleRow(draft, [key, label, about]) {
  const id = uniqueId('rule');
  const badge = h('span', {});
  const warning = h('p', { class: 'hint warn-text', hidden: true });
  const slot = h('div', { class: 'rule-slot' });
  const locked = draft.value.system;
  let remembered = draft.value[key] ?? '';
  let made = null;
  // It says what it does; what is so is in the badge beside it.
  const toggle = h('button', {
    type: 'button',
    class: 'small',
    disabled: locked,
    onclick: () => setLock(draft.value[key] !== null),
  });
  const tell = () => {
    const rule = draft.value[key];
    const [, kind] = inShort(rule);
    fill(
      badge,
      h(
        'span',
        { class: `badge ${kind}` },
        key === 'authRule' && rule === null
          ? 'Nobody'
          : key === 'authRule' && inWords(rule) === 'Everybody'
            ? 'Every account'
            : inWords(rule),
      ),
    );
    const action = rule === null ? 'Set a rule' : key === 'authRule' ? 'Nobody' : 'Superusers only';
    fill(toggle, action);
    toggle.setAttribute('aria-label', `${label}: ${action.toLowerCase()}`);
    warning.hidden = !forgetsGuests(rule, draft.fields);
    warning.textContent =
      'For guests @request.auth.id is empty, so they pass where the other side is empty, too. ' +
      'Put @request.auth.id != "" && in front unless the field is required.';
  };
  async function setLock(on) {
    draft.value[key] = on ? null : remembered;
    tell();
    draft.changed();
    await draw();
    if (!on) made.view.focus();
  }
  async function draw() {
    if (draft.value[key] === null) {
      fill(slot);
      return;
    }
    made ??= await ruleEditor({
      draft,
      key,
      value: remembered,
      label: `${label} rule`,
      readOnly: locked,
      onchange: (text) => {
        // Blanks alone say nothing, but the server takes them for a rule that isn't finished.
        remembered = text.trim() === '' ? '' : text;
        if (draft.value[key] === null) return;
        draft.value[key] = remembered;
        tell();
        draft.changed();
      },
    });
    fill(slot, made.element);
  }
  tell();
  await draw();
  return h(
    'div',
    { class: 'rule', role: 'group', 'aria-labelledby': id, dataset: { path: key } },
    h('div', { class: 'row between' }, h('h3', { id }, label), h('div', { class: 'row' }, badge, toggle)),
    h('p', { class: 'hint' }, about),
    slot,
    warning,
  );
}

/** What can stand in a rule, with the names of this collection. */
function help(draft) {
  const names = draft.fields.filter((field) => field.name).map((field) => h('code', {}, field.name));
  const code = (text) => h('code', {}, text);
  const line = (title, ...rest) => h('tr', {}, h('th', { scope: 'row' }, title), h('td', {}, rest));
  return h(
    'details',
    { class: 'card' },
    h('summary', {}, 'What can stand in a rule'),
    h(
      'table',
      { class: 'help' },
      h(
        'tbody',
        {},
        line(
          'Fields',
          h('div', { class: 'row' }, names),
          ' also of related records: ',
          code('author.name'),
          ', ',
          code('comments_via_post.text'),
        ),
        line('Who asks', code('@request.auth.id'), ' and every other field of the account'),
        line(
          'What is sent',
          code('@request.body.title'),
          ', ',
          code('@request.query.q'),
          ', ',
          code('@request.headers.x_name'),
          ', ',
          code('@request.method'),
        ),
        line('Others', code('@collection.teams.members ?= @request.auth.id')),
        line('Compare', code('= != > >= < <= ~ !~'), ' and with ', code('?'), ' in front: for at least one of many'),
        line('Join', code('&& || ( )'), ' and ', code('// a comment')),
        line('Modifiers', code(':isset :changed :length :each :lower')),
        line('Dates', code('@now @todayStart @monthEnd'), ' …'),
        line('Example', code('@request.auth.id != "" && (owner = @request.auth.id || status = "public")')),
      ),
    ),
  );
}
