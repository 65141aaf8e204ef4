// The dialog in which records are chosen for a relation: search, pages, several in the order of choosing, new ones.

import { get, records } from '../lib/api.js';
import { debounce, fill, h, icon, uniqueId } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { plural } from '../lib/format.js';
import { quoted } from './requests.js';
import { nameOf, presentable } from './values.js';

const PER_PAGE = 30;
const SEARCHED = new Set(['text', 'email', 'url', 'number', 'select']);

/** The filter that finds what somebody types in what names a record. */
export function filterOf(collection, typed) {
  const text = typed.trim();
  if (text === '') return undefined;
  const fields = [
    'id',
    ...presentable(collection)
      .filter((field) => SEARCHED.has(field.type))
      .map((field) => field.name),
  ];
  return fields.map((name) => `${name} ~ ${quoted(text)}`).join(' || ');
}

/**
 * Lets somebody choose records.
 * @returns {Promise<string[] | undefined>} their ids, in the order of choosing; nothing if they thought better of it
 */
export function pickRecords({ collection, chosen, most, least, name, known, openRecord }) {
  return new Promise((answered) => {
    let picked = [...chosen];
    let page = 1;
    let request;
    let isLoading = false;
    const id = uniqueId('pick');
    const list = h('ul', { class: 'record-found' });
    const says = h('p', { class: 'quiet small', role: 'status' });
    const more = h(
      'button',
      {
        type: 'button',
        hidden: true,
        onclick: () => {
          // A second click would leave out the page that is on its way.
          if (isLoading) return;
          page += 1;
          load();
        },
      },
      'Show more',
    );
    const counted = h('span', { class: 'quiet grow', role: 'status' });
    const search = h('input', {
      type: 'search',
      'aria-label': `Search ${collection.name}`,
      placeholder: `Search ${presentable(collection)
        .map((field) => field.name)
        .join(', ')} or id`,
      autocomplete: 'off',
      oninput: debounce(() => {
        page = 1;
        load();
      }),
      onkeydown: (event) => {
        if (event.key === 'Enter') event.preventDefault();
      },
    });
    const take = h('button', { type: 'submit', class: 'main' }, most > 1 ? 'Take these' : 'Take this');
    const make =
      collection.type !== 'view' &&
      h(
        'button',
        {
          type: 'button',
          onclick: () =>
            openRecord({
              collection,
              onsaved: (record) => {
                offer(record);
                toggle(record.id, true);
              },
            }),
        },
        icon('plus'),
        'New record',
      );
    const dialog = h(
      'dialog',
      { class: 'record-picker', 'aria-labelledby': id },
      h(
        'form',
        {
          method: 'dialog',
          onsubmit: () => {
            dialog.returnValue = 'take';
          },
        },
        h('h2', { id }, `Choose for ${name}`),
        h('div', { class: 'row record-search' }, h('div', { class: 'grow' }, search), make),
        says,
        h('div', { class: 'record-results' }, list, more),
        h('footer', {}, counted, h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'), take),
      ),
    );

    function toggle(one, on) {
      if (most === 1) picked = on ? [one] : [];
      else
        picked = on
          ? [...picked.filter((other) => other !== one), one].slice(0, most)
          : picked.filter((other) => other !== one);
      draw();
    }
    function draw() {
      for (const input of list.querySelectorAll('input')) {
        input.checked = picked.includes(input.value);
        input.disabled = most > 1 && picked.length >= most && !input.checked;
      }
      fill(
        counted,
        most > 1 ? `${picked.length} of ${most} at most` : picked.length === 0 ? 'None chosen' : 'One chosen',
      );
      take.disabled = picked.length > 0 && picked.length < least;
    }
    const row = (record) =>
      h(
        'li',
        {},
        h(
          'label',
          {},
          h('input', {
            type: 'checkbox',
            value: record.id,
            onchange: (event) => toggle(record.id, event.target.checked),
          }),
          h('span', { class: 'grow' }, nameOf(collection, record)),
          h('span', { class: 'quiet small mono' }, record.id),
        ),
      );
    function offer(record) {
      known.set(record.id, record);
      list
        .querySelector(`[value="${CSS.escape(record.id)}"]`)
        ?.closest('li')
        .remove();
      list.prepend(row(record));
    }
    async function load() {
      request?.abort();
      request = new AbortController();
      const { signal } = request;
      isLoading = true;
      try {
        const found = await get(
          records(collection.name),
          {
            page,
            perPage: PER_PAGE,
            filter: filterOf(collection, search.value),
            sort: collection.type === 'view' ? undefined : '-@rowid',
          },
          { signal },
        );
        if (page === 1) fill(list);
        for (const record of found.items) {
          known.set(record.id, record);
          list.append(row(record));
        }
        more.hidden = found.page >= found.totalPages;
        const none = search.value.trim() === '' ? 'No records yet.' : 'Nothing found.';
        fill(says, found.totalItems === 0 ? none : plural(found.totalItems, 'record'));
        draw();
      } catch (error) {
        // The same page is asked for again.
        if (!signal.aborted) page = Math.max(page - 1, 1);
        tell(error);
      } finally {
        if (!signal.aborted) isLoading = false;
      }
    }
    dialog.addEventListener('close', () => {
      request?.abort();
      dialog.remove();
      answered(dialog.returnValue === 'take' ? picked : undefined);
    });
    document.body.append(dialog);
    dialog.showModal();
    search.focus();
    load();
  });
}
