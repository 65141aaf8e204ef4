// The dialog in which a picture for a rich text is chosen: from the files of any record, or by its address.

import { get, getAll, records } from '../../lib/api.js';
import { debounce, fill, h, icon, uniqueId } from '../../lib/dom.js';
import { tabs, tell } from '../../lib/feedback.js';
import { filterOf } from '../picker.js';
import { fileAddress } from '../requests.js';
import { isMultiple, nameOf } from '../values.js';
import { isPicture } from './schema.js';

const PER_PAGE = 24;
const PICTURE = /\.(?:png|jpe?g|gif|webp|svg)$/i;
const THUMB = '100x100';

/** The fields whose pictures everybody can see who knows their address. */
const openFields = (collection) => collection.fields.filter((field) => field.type === 'file' && !field.protected);

/** Collections with such fields, that of the text first. */
async function galleries(own) {
  const all = (await getAll('/api/collections', { sort: 'name' })).filter((one) => openFields(one).length > 0);
  return all.sort((a, b) => Number(b.id === own.id) - Number(a.id === own.id));
}

/**
 * Lets somebody choose a picture; `there` is the one that it replaces, `{ src, alt }`.
 * @returns {Promise<{ src: string, alt: string } | undefined>}
 */
export function pickPicture({ collection, openRecord, there }) {
  return new Promise((answered) => {
    const id = uniqueId('picture');
    const gallery = files(collection, openRecord, () => draw());
    const byAddress = typed(there?.src ?? '', () => draw());
    const alt = h('input', { id: `${id}-alt`, autocomplete: 'off', value: there?.alt ?? '' });
    const take = h('button', { type: 'submit', class: 'main' }, there ? 'Replace' : 'Put in');
    let source = there ? byAddress : gallery;
    const draw = () => {
      take.disabled = !source.src();
    };
    const both = tabs(
      [
        { name: 'file', label: "A record's file", content: gallery.element },
        { name: 'address', label: 'An address', content: byAddress.element },
      ],
      {
        label: 'Where the picture is',
        chosen: there ? 'address' : 'file',
        onchoose: (name) => {
          source = name === 'file' ? gallery : byAddress;
          draw();
        },
      },
    );
    const dialog = h(
      'dialog',
      { class: 'record-picker record-pictures', 'aria-labelledby': id },
      h(
        'form',
        { method: 'dialog', onsubmit: () => { dialog.returnValue = 'take'; } },
        h('h2', { id }, 'Picture'),
        both.element,
        h(
          'div',
          { class: 'field' },
          h('label', { for: alt.id }, 'What it shows'),
          alt,
          h('p', { class: 'hint' }, 'For people who can’t see it; empty if it is only decoration.'),
        ),
        h('footer', {}, h('button', { type: 'button', onclick: () => dialog.close('') }, 'Cancel'), take),
      ),
    );
    dialog.addEventListener('close', () => {
      gallery.end();
      dialog.remove();
      const src = dialog.returnValue === 'take' && source.src();
      answered(src ? { src, alt: alt.value.trim() } : undefined);
    });
    draw();
    document.body.append(dialog);
    dialog.showModal();
    gallery.start().then(() => (there ? alt : gallery.first()).focus());
  });
}

function typed(value, onchange) {
  const id = uniqueId('address');
  const input = h('input', { id, autocomplete: 'off', placeholder: 'https://', value, oninput: onchange });
  return {
    element: h(
      'div',
      { class: 'field' },
      h('label', { for: id }, 'Address of the picture'),
      input,
      h('p', { class: 'hint' }, 'Pictures of other servers are named here and not shown.'),
    ),
    src: () => (input.value.trim() !== '' && isPicture(input.value.trim()) ? input.value.trim() : undefined),
  };
}

/** Pictures of a collection's records, to choose one of. */
function files(own, openRecord, onchange) {
  let all = [];
  let of = own;
  let page = 1;
  let chosen;
  let request;
  let isLoading = false;
  const ids = { where: uniqueId('where'), size: uniqueId('size') };
  const says = h('p', { class: 'quiet small', role: 'status' }, 'Loading …');
  const list = h('div', { class: 'record-gallery', role: 'group', 'aria-label': 'Pictures' });
  const again = () => {
    page = 1;
    load();
  };
  const next = () => {
    // A second click would leave out the page that is on its way.
    if (isLoading) return;
    page += 1;
    load();
  };
  const more = h('button', { type: 'button', hidden: true, onclick: next }, 'Show more');
  const where = h('select', {
    id: ids.where,
    onchange: () => {
      of = all.find((one) => one.id === where.value);
      choose();
      again();
    },
  });
  const search = h('input', {
    type: 'search',
    'aria-label': 'Search records',
    placeholder: 'Search',
    autocomplete: 'off',
    oninput: debounce(again),
    onkeydown: (event) => {
      if (event.key === 'Enter') event.preventDefault();
    },
  });
  const make = h(
    'button',
    { type: 'button', onclick: () => openRecord({ collection: of, onsaved: again }) },
    icon('plus'),
    'New record',
  );
  const size = h('select', { id: ids.size });
  const sizes = h('div', { class: 'field', hidden: true }, h('label', { for: ids.size }, 'Size'), size);

  function choose(one) {
    chosen = one;
    for (const button of list.children) button.setAttribute('aria-pressed', String(button.dataset.key === one?.key));
    const thumbs = one ? [...new Set([...(one.field.thumbs ?? []), THUMB])] : [];
    sizes.hidden = !one || /\.svg$/i.test(one.name);
    fill(
      size,
      h('option', { value: '' }, 'As it is'),
      thumbs.map((value) => h('option', { value }, value)),
    );
    onchange();
  }
  const pictures = (record) =>
    openFields(of).flatMap((field) =>
      [record[field.name]].flat().filter((name) => PICTURE.test(name))
        .map((name) => ({ key: `${record.id}/${name}`, field, name, record })));
  const tile = (one) => {
    const label = `${nameOf(of, one.record)}: ${one.name}`;
    const image = h('img', {
      src: fileAddress(of, one.record.id, one.name, { thumb: THUMB }),
      alt: '',
      loading: 'lazy',
      width: 100,
      height: 100,
    });
    return h(
      'button',
      {
        type: 'button',
        'aria-pressed': 'false',
        'aria-label': label,
        title: label,
        dataset: { key: one.key },
        onclick: () => choose(one),
      },
      image,
      h('span', { class: 'small' }, nameOf(of, one.record)),
    );
  };
  async function load() {
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    isLoading = true;
    const has = openFields(of).map((field) => `${field.name}${isMultiple(field) ? ':length > 0' : ' != ""'}`);
    const wanted = filterOf(of, search.value);
    const query = {
      page,
      perPage: PER_PAGE,
      filter: `(${has.join(' || ')})${wanted ? ` && (${wanted})` : ''}`,
      sort: of.type === 'view' ? undefined : '-@rowid',
    };
    try {
      const found = await get(records(of.name), query, { signal });
      if (page === 1) fill(list);
      list.append(...found.items.flatMap(pictures).map(tile));
      if (page === 1) choose();
      more.hidden = found.page >= found.totalPages;
      fill(says, list.children.length > 0 ? '' : more.hidden ? 'There is no picture.' : 'No picture among these.');
    } catch (error) {
      // The same page is asked for again.
      if (!signal.aborted) page = Math.max(page - 1, 1);
      tell(error);
    } finally {
      if (!signal.aborted) isLoading = false;
    }
  }
  return {
    element: h(
      'div',
      { class: 'record-line' },
      h(
        'div',
        { class: 'row record-where' },
        h('label', { for: ids.where, class: 'visually-hidden' }, 'Collection'),
        where,
        search,
        make,
      ),
      says,
      h('div', { class: 'record-results' }, list, more),
      sizes,
    ),
    src: () => chosen && fileAddress(of, chosen.record.id, chosen.name, { thumb: sizes.hidden ? '' : size.value }),
    first: () => (where.hidden ? says : where),
    async start() {
      try {
        all = await galleries(own);
      } catch (error) {
        tell(error);
        return;
      }
      fill(where, all.map((one) => h('option', { value: one.id }, one.name)));
      const isNone = all.length === 0;
      for (const element of [where, search, make]) element.hidden = isNone;
      if (isNone) {
        const text = 'No collection has a field for files that everybody may see; protected ones can’t be shown.';
        fill(says, text);
      } else {
        [of] = all;
        load();
      }
    },
    end: () => request?.abort(),
  };
}
