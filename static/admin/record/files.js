// The record editor's control for files: those that are there, and those that will be sent with the record.

import { fill, h, icon, iconButton } from '../lib/dom.js';
import { tell } from '../lib/feedback.js';
import { bytes } from '../lib/format.js';
import { fileAddress, fileToken } from './requests.js';
import { handle, moved } from './sortable.js';
import { isMultiple } from './values.js';

const MAX_BYTES = 5 * 1024 * 1024;
const PICTURE = /\.(?:png|jpe?g|gif|webp|svg)$/i;
const THUMB = '100x100';

export function files(field, { collection, id, onchange }) {
  const several = isMultiple(field);
  const most = several ? field.maxSelect : 1;
  const largest = field.maxSize || MAX_BYTES;
  let items = [];
  let removed = new Set();
  const pictures = new Map();
  const kept = () => items.filter((one) => !removed.has(one));

  const list = h('ul', { class: 'record-items' });
  const refused = h('ul', { class: 'record-refused', role: 'status' });
  const picker = h('input', {
    type: 'file',
    multiple: several,
    accept: field.mimeTypes?.join(',') || undefined,
    hidden: true,
    'aria-label': `Files for ${field.name}`,
    // A dialog takes the event of a file picker that was cancelled for its own.
    oncancel: (event) => event.stopPropagation(),
    onchange: () => {
      add([...picker.files]);
      picker.value = '';
    },
  });
  const choose = h(
    'button',
    { type: 'button', onclick: () => picker.click() },
    icon('upload'),
    several ? 'Choose files' : 'Choose a file',
  );
  const invite = h('p', { class: 'quiet small' });
  const zone = h(
    'div',
    {
      class: 'record-drop',
      ondragover: (event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        zone.classList.add('is-over');
      },
      ondragleave: (event) => {
        if (!zone.contains(event.relatedTarget)) zone.classList.remove('is-over');
      },
      ondrop: (event) => {
        event.preventDefault();
        zone.classList.remove('is-over');
        add([...event.dataTransfer.files]);
      },
    },
    list,
    h('div', { class: 'row' }, choose, picker, invite),
    refused,
  );

  /** Takes in what the field may have, and says why not the rest. */
  function add(added) {
    const problems = [];
    for (const file of added) {
      const problem = refusal(field, file, largest);
      if (problem) problems.push(problem);
      else if (!several)
        [items, removed] = [
          [...items.filter((one) => typeof one === 'string'), file],
          new Set(items.filter((one) => typeof one === 'string')),
        ];
      else if (kept().length >= most)
        problems.push(`${file.name}: there are ${most} files already, which is all that the field takes.`);
      else items = [...items, file];
    }
    fill(
      refused,
      problems.map((problem) => h('li', {}, problem)),
    );
    draw();
    onchange();
  }

  function draw(focused) {
    fill(
      list,
      items.map((one, at) => row(one, at)),
    );
    list.hidden = items.length === 0;
    const isFull = several && kept().length >= most;
    choose.disabled = isFull;
    fill(
      invite,
      isFull
        ? `All ${most} files are there.`
        : several
          ? `or drop them here; ${kept().length} of ${most}`
          : 'or drop it here',
    );
    if (focused !== undefined) list.children[focused]?.querySelector('.record-handle')?.focus();
  }

  function row(one, at) {
    const isNew = one instanceof File;
    const name = isNew ? one.name : one;
    const isGone = removed.has(one);
    const toggle = () => {
      if (isNew) items = items.filter((other) => other !== one);
      else if (isGone) undo(one);
      else removed.add(one);
      draw();
      onchange();
      (list.children[at]?.querySelector('.record-remove') ?? choose).focus();
    };
    return h(
      'li',
      { class: isGone ? 'is-gone' : '' },
      several &&
        items.length > 1 &&
        handle({
          list,
          at,
          length: items.length,
          name,
          move: (from, to) => {
            items = moved(items, from, to);
            draw(to);
            onchange();
          },
        }),
      thumb(one),
      h(
        'div',
        { class: 'grow' },
        h('span', { class: 'record-name' }, name),
        h(
          'span',
          { class: 'quiet small' },
          isGone ? 'goes when you save' : isNew ? `${bytes(one.size)}, sent when you save` : '',
        ),
      ),
      !isNew &&
        !isGone && [
          iconButton('link', `Open ${name} in a new tab`, { onclick: () => show(name) }),
          iconButton('download', `Download ${name}`, { onclick: () => show(name, { download: '1' }) }),
        ],
      isGone
        ? h(
            'button',
            { type: 'button', class: 'small record-remove', 'aria-label': `Undo: keep ${name}`, onclick: toggle },
            icon('undo'),
            'Keep',
          )
        : iconButton('x', `Remove ${name}`, { class: 'plain icon record-remove', onclick: toggle }),
    );
  }

  /** Takes back that a file goes; where there can be one only, the new one goes instead. */
  function undo(name) {
    removed.delete(name);
    if (!several) items = items.filter((one) => typeof one === 'string');
    else if (kept().length > most) removed.add(name);
  }

  async function show(name, query = {}) {
    try {
      const token = field.protected ? await fileToken() : undefined;
      window.open(fileAddress(collection, id(), name, { ...query, token }), '_blank', 'noopener');
    } catch (error) {
      tell(error);
    }
  }

  function thumb(one) {
    const frame = h('span', { class: 'record-thumb' }, icon('file'));
    const isNew = one instanceof File;
    if (isNew ? !one.type.startsWith('image/') : !PICTURE.test(one)) return frame;
    const image = h('img', {
      alt: '',
      width: 40,
      height: 40,
      loading: 'lazy',
      onload: () => fill(frame, image),
      onerror: () => fill(frame, icon('file')),
    });
    if (isNew) {
      if (!pictures.has(one)) pictures.set(one, URL.createObjectURL(one));
      image.src = pictures.get(one);
      fill(frame, image);
    } else {
      const put = (token) => {
        image.src = fileAddress(collection, id(), one, { thumb: THUMB, token });
        fill(frame, image);
      };
      if (field.protected) fileToken().then(put, () => {});
      else put();
    }
    return frame;
  }

  return {
    body: zone,
    hint: [
      `at most ${bytes(largest)}`,
      field.mimeTypes?.length && field.mimeTypes.join(', '),
      field.protected && 'protected',
    ]
      .filter(Boolean)
      .join(' · '),
    get: kept,
    add,
    /** Why it would not take a file. A single one is not replaced by what comes by the way. */
    problemWith: (file) =>
      kept().length >= most ? `${field.name} has all the files that it takes.` : refusal(field, file, largest),
    set: (state) => {
      [items, removed] = [[...state], new Set()];
      fill(refused);
      draw();
    },
    end: () => {
      for (const address of pictures.values()) URL.revokeObjectURL(address);
    },
  };
}

/** Why the field won't take a file. The server looks into it; here only its name tells of its type. */
function refusal(field, file, largest) {
  if (file.size > largest) return `${file.name} has ${bytes(file.size)}; the field takes ${bytes(largest)}.`;
  const types = field.mimeTypes ?? [];
  if (types.length > 0 && file.type !== '' && !types.includes(file.type))
    return `${file.name} is ${file.type}, which the field does not take.`;
  return undefined;
}
