// The page Settings: every part of `/api/settings` in one form, with a list of its parts beside it. The form itself is
// `ops/settings-form`; what is in it, `ops/settings-fields`.

import { address, get } from './lib/api.js';
import { fill, find, h } from './lib/dom.js';
import { ask, busy, tell } from './lib/feedback.js';
import { shortcut } from './lib/keys.js';
import { command } from './lib/palette.js';
import { contains } from './ops/addresses.js';
import { bucketTest, drawSeen, seenAs, showAccent } from './ops/settings-facts.js';
import { groups } from './ops/settings-fields.js';
import { keepUnsaved, settingsForm } from './ops/settings-form.js';
import { testMail } from './ops/test-mail.js';

const place = find('[data-settings]');
const bar = find('[data-save-bar]');
const [saveButton, discardButton, countText] = ['save', 'discard', 'count'].map((name) => find(`[data-${name}]`, bar));

/** Tries out what is saved, and asks first if that isn't what stands there. */
const mayTest = (isDirty) => !isDirty() || ask({ title: 'Test what is saved?',
  text: 'There are changes that are not saved. The test is made with what is.', action: 'Test' });

const mailTest = (isDirty) => ({
  element: h('button', { type: 'button', class: 'small',
    onclick: async () => { if (await mayTest(isDirty)) testMail(); } }, 'Send a test mail'),
});

const wordsOf = (text) => (Array.isArray(text) ? [text[0], h('code', {}, text[1])] : text);

async function start() {
  const [settings, seen] = await Promise.all([get('/api/settings'), seenAs()]);
  const own = seen.ip;
  const all = groups(own ? [{ label: `Add your address, ${own}`, value: own }] : []);
  const where = new Map();
  const whereSeen = h('div', { class: 'small' });
  const tests = [];
  const cards = all.map((group) => {
    const isDirty = () => form.isDirty();
    const test = group.test && (group.test.kind === 'mail' ? mailTest(isDirty)
      : bucketTest(group.test.kind, () => mayTest(isDirty)));
    if (test) tests.push({ ...test, when: group.test.when });
    const fields = h('div', { class: 'settings-fields' });
    for (const field of group.fields) where.set(field.path, fields);
    return h('section', { class: 'card settings-group', id: group.id, 'aria-labelledby': `${group.id}-title` },
      h('div', { class: 'row between' }, h('h2', { id: `${group.id}-title` }, group.title), test?.element),
      group.text && h('p', { class: 'quiet small' }, wordsOf(group.text)),
      group.id === 'proxy' && whereSeen, group.help && help(group.help), fields);
  });
  const links = all.map(({ id, title }) => h('li', {}, h('a', { href: `#${id}` }, title)));
  fill(find('[data-parts]'), links);
  const element = h('form', { novalidate: true, onsubmit: (event) => { event.preventDefault(); save(); } }, cards,
    // Enter in a field saves, as in every form.
    h('button', { type: 'submit', class: 'visually-hidden', tabindex: -1, 'aria-hidden': 'true' }, 'Save'));
  fill(place, element);
  const form = settingsForm({
    form: element, settings, fields: all.flatMap(({ fields }) => fields),
    place: (field, input) => where.get(field.path).append(input),
    onchange(count, value) {
      // Without a mail server or a bucket there is nothing to test.
      for (const { element: one, when } of tests) one.hidden = !value(when);
      showAccent(value('meta.accentColor'));
      bar.hidden = count === 0;
      countText.textContent = count === 1 ? '1 change is not saved' : `${count} changes are not saved`;
    },
  });

  async function save() {
    if (!form.isDirty() || saveButton.disabled || document.querySelector('dialog[open]')) return;
    const allowed = form.changes().superuserIPs ?? [];
    if (allowed.length > 0 && !allowed.some((network) => contains(network, own)) && !(await ask({
      title: 'Lock yourself out?', danger: true, action: 'Save all the same',
      text: own ? `Your address, ${own}, is not among the addresses of superusers. You will be refused at once.`
        : 'Your own address could not be found out. Without it in the list, you will be refused at once.',
    }))) return;
    await busy(saveButton, async () => { if (await form.save()) afterSave(); });
  }

  /** What follows from what is stored now. */
  function afterSave() {
    document.querySelector('.brand span').textContent = form.value('meta.appName');
    seenAs().then(showSeen);
    testBuckets();
  }
  const showSeen = (now) => drawSeen(whereSeen, now, form.value('trustedProxy.headers'), (header) => {
    const input = element.querySelector('[name="trustedProxy.headers"]');
    input.value = [...form.value('trustedProxy.headers'), header].join('\n');
    input.dispatchEvent(new Event('input', { bubbles: true }));
    showSeen(now);
    input.focus();
  });
  function testBuckets() {
    for (const { when, test, forget } of tests) {
      if (form.value(when)) test?.();
      else forget?.();
    }
  }
  showSeen(seen);
  testBuckets();
  saveButton.addEventListener('click', save);
  discardButton.addEventListener('click', async () => {
    if (await ask({ title: 'Discard all changes?', action: 'Discard', danger: true })) form.discard();
  });
  keepUnsaved(form.isDirty);
  shortcut('mod+s', 'Save the settings', save);
  command('Send a test mail', testMail, 'Settings');
  for (const { id, title } of all) command(`Settings: ${title}`, () => { location.hash = id; }, 'Settings');
  follow(cards, links);
  // The parts are there only now, so the browser couldn't go to the one in the address.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

const help = ({ title, lines }) => h('details', { class: 'small settings-help' }, h('summary', {}, title),
  h('dl', {}, lines.map(([name, words]) => [h('dt', {}, h('code', {}, name)), h('dd', {}, words)])));

/** Marks the part that is being read in the list. */
function follow(cards, links) {
  const seen = new IntersectionObserver(() => {
    const at = Math.max(cards.findLastIndex((card) => card.getBoundingClientRect().top < 140), 0);
    links.forEach((link, i) => {
      if (i === at) link.firstChild.setAttribute('aria-current', 'true');
      else link.firstChild.removeAttribute('aria-current');
    });
  }, { rootMargin: '-80px 0px -60% 0px', threshold: [0, 0.25, 0.5, 0.75, 1] });
  for (const card of cards) seen.observe(card);
}

start().catch((error) => {
  tell(error);
  fill(place, h('p', { class: 'banner problem' }, 'The settings could not be read. ',
    h('a', { href: address('/_/settings') }, 'Try again')));
});
