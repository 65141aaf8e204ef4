// The search for accounts over all auth collections. Called by people.js.

import { address, get, records, Refused } from '../lib/api.js';
import { debounce, fill, h, uniqueId } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { ago, plural, when } from '../lib/format.js';
import { shortcut } from '../lib/keys.js';
import { command } from '../lib/palette.js';
import { literal } from '../snippets/examples.js';
import { nameOf, pageOf, sideName } from './names.js';

/** How many accounts of each collection come at a time. */
const PAGE = { all: 15, one: 50 };

/** Draws the search; `chosen` is the collection that it is limited to. */
export async function searchPage(place, collections, chosen) {
  const ids = { search: uniqueId('search'), collection: uniqueId('collection') };
  const query = new URLSearchParams(location.search);
  const input = h('input', { id: ids.search, type: 'search', value: query.get('q') ?? '',
      placeholder: 'E-mail address, name or id', autocomplete: 'off', oninput: debounce(() => look()) });
  const select = h('select', { id: ids.collection, onchange: () => look() }, h('option', { value: '' },
      'All collections'), collections.map((one) => h('option', { value: one.name, selected: one === chosen },
      one.name)));
  const said = h('p', { class: 'quiet', role: 'status' });
  const results = h('div', { class: 'stack' });
  fill(place, h('div', { class: 'people-search' }, h('div', { class: 'field grow' }, h('label', { for: ids.search },
          'Search accounts'), input), h('div', { class: 'field' }, h('label', { for: ids.collection }, 'Collection'),
          select)), said, results);
  shortcut('/', 'Search accounts', () => input.focus());
  command('Search accounts', () => input.focus());

  let abort = new AbortController();
  async function look() {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const wanted = input.value.trim();
    const within = collections.filter((one) => select.value === '' || one.name === select.value);
    const state = new URLSearchParams({ ...(wanted && { q: wanted }),
        ...(select.value && { collection: select.value }) });
    history.replaceState(null, '', `${location.pathname}${state.size > 0 ? `?${state}` : ''}`);
    try {
      const found = await Promise.all(within.map((one) => page(one, wanted, 1, within.length > 1 ? PAGE.all : PAGE.one,
            signal)));
      if (signal.aborted) return;
      const total = found.reduce((sum, one) => sum + one.totalItems, 0);
      said.textContent = wanted ? `${plural(total, 'account')} found` : plural(total, 'account');
      fill(results, found.map((one, at) => one.totalItems > 0 && section(within[at], one, wanted)), total === 0
        && nothing(wanted));
    } catch (error) {
      if (!signal.aborted) tell(error);
    }
  }
  await look();
  input.focus({ preventScroll: true });
}

const nothing = (wanted) => h('div', { class: 'empty' }, h('h2', {}, wanted ? 'No account has this'
    : 'No accounts yet'), h('p', {}, wanted ? 'Addresses, ids and all texts of accounts were searched.'
    : 'Whoever signs up will be here.'));

/** One page of a collection's accounts that have a text somewhere. */
async function page(collection, wanted, number, perPage, signal) {
  const texts = collection.fields.filter((field) => ['text', 'email'].includes(field.type) && field.name !== 'tokenKey'
    && !field.primaryKey);
  const text = literal(wanted);
  const filter = wanted ? [`id = ${text}`, ...texts.map((field) => `${field.name} ~ ${text}`)].join(' || ') : '';
  const sort = collection.fields.some((field) => field.name === 'created') ? '-created' : '-@rowid';
  try {
    return await get(records(collection.name), { page: number, perPage, filter, sort }, { signal });
  } catch (error) {
    // A very long text isn't a filter that the server takes; nothing has it.
    if (error instanceof Refused && error.status === 400 && wanted.length > 200) return { items: [], totalItems: 0,
      page: 1, perPage };
    throw error;
  }
}

function section(collection, first, wanted) {
  const id = uniqueId('people');
  const body = h('tbody', {}, first.items.map((record) => row(collection, record)));
  const more = h('button', { type: 'button', class: 'small' }, 'Show more');
  let number = 1;
  let shown = first.items.length;
  const update = () => { more.hidden = shown >= first.totalItems; };
  more.addEventListener('click', async () => {
    more.disabled = true;
    try {
      number += 1;
      const next = await page(collection, wanted, number, first.perPage);
      shown = next.items.length === 0 ? first.totalItems : shown + next.items.length;
      body.append(...next.items.map((record) => row(collection, record)));
    } catch (error) {
      number -= 1;
      tell(error);
    }
    more.disabled = false;
    update();
  });
  update();
  return h('section', { 'aria-labelledby': id, 'data-accounts': collection.name },
    h('div', { class: 'row between people-head' }, h('h2', { id }, collection.name, ' ',
      h('span', { class: 'quiet small' }, plural(first.totalItems, 'account'))),
    h('a', { href: address(`/_/collections/${encodeURIComponent(collection.name)}`) }, 'Records')),
  h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Accounts of ${collection.name}` },
    h('table', {}, h('thead', {}, h('tr', {}, ['Account', 'Name', 'State', 'Created']
          .map((name) => h('th', {}, name)))), body)), more);
}

function row(collection, record) {
  return h('tr', {}, h('td', {}, h('a', { href: pageOf(collection, record.id) }, nameOf(record, collection))),
    h('td', {}, sideName(record, collection)),
    h('td', {}, record.verified ? h('span', { class: 'badge good' }, 'Confirmed') : h('span', { class: 'badge warn' },
        'Not confirmed')),
    h('td', { class: 'nowrap', title: when(record.created) }, ago(record.created)));
}
