// The exposure report: what stands open to guests, or to any account of a collection, with what should be looked at.

import { address, get } from '../lib/api.js';
import { fill, h, icon, uniqueId } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { count, plural, when } from '../lib/format.js';

const ACTIONS = ['list', 'view', 'create', 'update', 'delete'];
const SEVERITIES = ['high', 'medium', 'low'];
const MOODS = { high: 'problem', medium: 'warn', low: 'info' };
const LEVELS = {
  open: ['Open', 'problem'],
  conditional: ['Conditional', 'warn'],
  closed: ['Closed', 'good'],
};
/** The server counts no further. */
const REACH_MAX = 1000;

const unseen = (text) => h('span', { class: 'visually-hidden' }, text);
const badge = (kind, text) => h('span', { class: `badge ${kind}` }, text);
const rulesOf = (collection) => address(`/_/collections/${encodeURIComponent(collection)}/edit`);

/** Draws the report; `ask` takes a question to the simulator. */
export async function exposure(place, ask) {
  fill(place, h('p', { class: 'loading' }, 'Loading …'));
  const report = await get('/_/access/report.json');
  const names = [...new Set(report.collections.flatMap((one) => Object.keys(one.accounts)))];
  const table = h('div');
  const who = h('select', { id: uniqueId('as'), onchange: () => draw() },
    h('option', { value: '' }, 'Guests'),
    names.map((name) => h('option', { value: name }, `Any account of ${name}`)));
  const system = h('input', { type: 'checkbox', id: uniqueId('system'), onchange: () => draw() });
  function draw() {
    const shown = report.collections.filter((one) => system.checked || !one.system);
    fill(table, matrix(shown, who.value, ask));
  }
  const download = { class: 'button', href: address('/_/access/report.json'), download: 'access-report.json' };
  fill(place,
    h('div', { class: 'row between exposure-head' },
      h('p', { class: 'quiet' }, `As of ${when(report.made)}`),
      h('div', { class: 'row' },
        h('button', { type: 'button', onclick: () => exposure(place, ask).catch(tell) }, icon('refresh'), 'Look again'),
        h('a', download, icon('download'), 'Download JSON'))),
    h('section', { class: 'findings', 'aria-label': 'Findings' }, h('h2', {}, 'Findings'), findings(report)),
    h('section', {},
      h('div', { class: 'row between matrix-head' }, h('h2', {}, 'Who may do what'),
        h('div', { class: 'row' },
          h('label', { for: who.id }, 'As'), h('div', {}, who),
          h('div', { class: 'check' }, system, h('label', { for: system.id }, 'System collections')))),
      table));
  draw();
}

function findings({ findings: all, summary }) {
  if (all.length === 0) return h('p', { class: 'banner good' }, 'Nothing stands open to everybody.');
  const figure = (severity) =>
    badge(summary[severity] ? MOODS[severity] : '', `${count(summary[severity])} ${severity}`);
  const item = ({ severity, message, advice, collection }) => h('li', {},
    badge(MOODS[severity], severity),
    h('div', { class: 'grow' }, h('p', {}, message), h('p', { class: 'hint' }, advice)),
    h('a', { href: rulesOf(collection) }, 'Rules', unseen(` of ${collection}`)));
  return [h('p', { class: 'row' }, SEVERITIES.map(figure)), h('ul', { class: 'finding-list' }, all.map(item))];
}

function matrix(collections, as, ask) {
  const hasManage = as !== '' && collections.some((one) => one.accounts[as]?.manage);
  const actions = hasManage ? [...ACTIONS, 'manage'] : ACTIONS;
  const head = (text) => h('th', { scope: 'col' }, text);
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Who may do what' },
    h('table', { class: 'matrix' },
      h('thead', {}, h('tr', {}, head('Collection'), actions.map(head), head('Besides'))),
      h('tbody', {}, collections.map((one) => row(one, as, actions, ask)))));
}

/** A collection's row, and the one below it with more, which is seen when somebody wants it. */
function row(one, as, actions, ask) {
  const openings = as === '' ? one.guests : one.accounts[as];
  const more = h('tr', { id: uniqueId('more'), class: 'matrix-more', hidden: true },
    h('td', { colspan: actions.length + 2 }, besides(one)));
  const toggle = h('button', { type: 'button', class: 'plain small', 'aria-expanded': 'false', 'aria-controls': more.id,
    onclick: () => {
      more.hidden = !more.hidden;
      toggle.setAttribute('aria-expanded', String(!more.hidden));
    } }, icon('down'), 'Details', unseen(` of ${one.name}`));
  return [h('tr', {},
    h('th', { scope: 'row' }, h('a', { href: rulesOf(one.name) }, one.name),
      h('div', { class: 'quiet small' }, one.type, one.records !== null && ` · ${count(one.records)}`)),
    actions.map((action) => h('td', {}, cell(one, openings[action], action, as, ask))),
    h('td', {}, toggle)), more];
}

/** How far an action stands open; the rule is asked about in the simulator. */
function cell(one, opening, action, as, ask) {
  if (!opening || opening.level === 'absent') return h('span', { class: 'quiet' }, '–');
  const [text, mood] = LEVELS[opening.level];
  const question = { who: as === '' ? '' : 'record', whoCollection: as, action, collection: one.name };
  const title = one.rules[`${action}Rule`] ?? 'No rule: superusers only';
  const reach = opening.reach >= REACH_MAX ? `${count(REACH_MAX)} records or more`
    : plural(opening.reach ?? 0, 'record');
  return [
    h('button', { type: 'button', class: 'plain small level', title, onclick: () => ask(question) },
      badge(mood, text), unseen(`: ${action} ${one.name}, simulate`)),
    opening.reach !== null && h('div', { class: 'quiet small' }, reach),
  ];
}

/** Fields that are seen, files, and ways to sign in. */
function besides(one) {
  const seen = one.fields.map((name) => (name === 'email' && one.email ? `email (${one.email})` : name));
  const parts = [['Fields that others see', seen.join(', ')]];
  if (one.openFiles.length > 0) parts.push(['Files for whoever knows their address', one.openFiles.join(', ')]);
  if (one.signIn) {
    const { password, oneTimeCode, oauth2, secondFactor } = one.signIn;
    const byPassword = password && `password (${password.join(', ')})`;
    const ways = [byPassword, oneTimeCode && 'one-time code', ...oauth2].filter(Boolean);
    parts.push(
      ['Sign-in', ways.join(', ') || 'none'],
      ['Second factor', secondFactor ? 'required by its rule' : 'optional'],
      ['Sign-up', one.signUp],
    );
  }
  for (const [name, text] of Object.entries(one.rules)) {
    if (text) parts.push([name, h('code', {}, text)]);
  }
  return h('dl', {}, parts.map(([label, text]) => h('div', {}, h('dt', {}, label), h('dd', {}, text))));
}
