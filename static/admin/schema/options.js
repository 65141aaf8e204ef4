// The options of one field: what all kinds share, and what each has of its own.
//
// Used by `fields.js`. Invariant: every option that the server knows of a kind is here; `ctx` has the draft, the
// field's entry, and `changed()`.

import { h } from '../lib/dom.js';
import { address } from '../lib/api.js';
import {
  areaControl, checkControl, chipsControl, momentControl, numberControl, offer, refuse, selectControl, textControl,
} from './controls.js';
import { isMultiple } from './kinds.js';

const SIZES = (fallback) => (value) =>
  value
    ? `${value.toLocaleString()} bytes (${(value / 1e6).toFixed(value < 1e5 ? 3 : 1)} MB)`
    : `In bytes. Empty: ${fallback}.`;
const MIME_PRESETS = {
  Images: ['image/jpeg', 'image/png', 'image/svg+xml', 'image/gif', 'image/webp'],
  Documents: [
    'application/pdf',
    'application/msword',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.ms-excel',
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    'text/plain',
    'text/csv',
  ],
  Videos: ['video/mp4', 'video/webm', 'video/quicktime', 'video/x-ms-wmv', 'video/3gpp'],
  Sound: ['audio/mpeg', 'audio/ogg', 'audio/wav', 'audio/aac', 'audio/flac'],
  Archives: [
    'application/zip',
    'application/x-7z-compressed',
    'application/x-rar-compressed',
    'application/x-tar',
    'application/gzip',
  ],
};
const REQUIRED = {
  bool: ['Must be true', 'False is refused.'],
  number: ['Required', '0 is refused, too.'],
  json: ['Required', 'null, "", [] and {} are refused.'],
  geoPoint: ['Required', 'Longitude 0 with latitude 0 is refused.'],
};

/** Everything that can be set of a field. */
export function optionsOf(ctx) {
  const own = OWN[ctx.entry.field.type]?.(ctx, bind(ctx)) ?? [];
  return h(
    'div',
    { class: 'field-options' },
    own.length > 0 && h('div', { class: 'fields' }, own),
    shared(ctx, bind(ctx)),
  );
}

/** Makes `get` and `set` of one option. */
function bind({ entry, changed }) {
  return (key, then) => ({
    value: entry.field[key],
    path: key,
    onchange: (value) => {
      entry.field[key] = value;
      changed();
      then?.(value);
    },
  });
}

/** Whether values of this field are the server's business: ids, dates, passwords, what accounts are made of. */
function isFixed({ draft, entry: { field } }) {
  return field.primaryKey || ['autodate', 'password'].includes(field.type) || (draft.isAuth && field.system);
}

const lockedFlags = ({ draft, entry: { field } }) =>
  field.primaryKey || (draft.isAuth && field.system && ['password', 'tokenKey'].includes(field.name));

function shared(ctx, to) {
  const {
    entry: { field },
  } = ctx;
  const locked = lockedFlags(ctx);
  const emailField = ctx.draft.isAuth && field.system && field.name === 'email';
  const [label, hint] = REQUIRED[field.type] ?? ['Required', 'Empty values are refused.'];
  return h(
    'div',
    { class: 'stack' },
    h(
      'div',
      { class: 'row boxes' },
      field.type !== 'autodate' && checkControl({ ...to('required'), label, hint, disabled: locked }),
      checkControl({
        ...to('hidden'),
        label: 'Hidden',
        hint: 'Only superusers see and write it.',
        disabled: locked || emailField,
      }),
      checkControl({ ...to('presentable'), label: 'Presentable', hint: 'Shown where a record is named.' }),
      !isFixed(ctx) &&
        checkControl({
          ...to('nullable'),
          value: field.nullable ?? false,
          label: 'May be NULL',
          hint: 'Tells “not given” from empty.',
          onchange: (on) => {
            if (on) field.nullable = true;
            else delete field.nullable;
            ctx.changed();
          },
        }),
    ),
    !isFixed(ctx) && field.type !== 'file' && defaultControl(ctx),
    field.type !== 'autodate' &&
      areaControl({
        ...to('help'),
        label: 'Help text',
        rows: 2,
        maxlength: 300,
        hint: 'Shown beside the input. At most 300 characters.',
      }),
  );
}

/** What a new record gets when the key is absent. */
function defaultControl(ctx) {
  const {
    entry: { field },
    changed,
  } = ctx;
  const set = (value) => {
    if (value === undefined) delete field.default;
    else field.default = value;
    changed();
  };
  const slot = h('div', { class: 'default-value' });
  const draw = () => slot.replaceChildren(...(Object.hasOwn(field, 'default') ? [defaultInput(field, set)] : []));
  draw();
  return h(
    'div',
    { class: 'default' },
    checkControl({
      label: 'Default value',
      hint: 'What new records get when it isn’t given.',
      value: Object.hasOwn(field, 'default'),
      onchange: (on) => {
        set(on ? startOf(field) : undefined);
        draw();
      },
    }),
    slot,
  );
}

const FIRST_DEFAULTS = { bool: false, number: 0, json: null, geoPoint: { lon: 0, lat: 0 } };

function startOf(field) {
  if (isMultiple(field)) return [];
  if (Object.hasOwn(FIRST_DEFAULTS, field.type)) return structuredClone(FIRST_DEFAULTS[field.type]);
  return field.type === 'select' ? (field.values[0] ?? '') : '';
}

function defaultInput(field, set) {
  const common = { label: 'Value of new records', path: 'default', value: field.default };
  if (field.type === 'bool')
    return selectControl({
      ...common,
      value: String(field.default),
      choices: [
        ['true', 'True'],
        ['false', 'False'],
      ],
      onchange: (text) => set(text === 'true'),
    });
  if (field.type === 'number')
    return numberControl({ ...common, empty: null, step: 'any', min: null, onchange: (number) => set(number ?? 0) });
  if (isMultiple(field))
    return chipsControl({
      ...common,
      value: Array.isArray(field.default) ? field.default : [],
      onchange: set,
      commas: false,
      suggest: field.values ?? [],
      hint: field.type === 'relation' ? 'Ids of records.' : undefined,
    });
  if (field.type === 'select')
    return selectControl({ ...common, choices: field.values.map((value) => [value, value]), onchange: set });
  if (field.type === 'date') return momentControl({ ...common, onchange: set, hint: 'In your time zone.' });
  if (['json', 'geoPoint'].includes(field.type)) return jsonInput(common, set);
  return textControl({
    ...common,
    value: String(field.default ?? ''),
    onchange: set,
    hint: { relation: 'The id of a record.' }[field.type],
  });
}

function jsonInput(common, set) {
  const control = areaControl({
    ...common,
    value: JSON.stringify(common.value),
    mono: true,
    hint: 'JSON.',
    onchange: (text) => {
      const input = control.querySelector('textarea');
      try {
        set(JSON.parse(text));
        refuse(input, '');
      } catch {
        refuse(input, 'This isn’t JSON.');
      }
    },
  });
  return control;
}

/** One or several, and how many at most. */
function several(ctx, to, { most, least }) {
  const {
    entry: { field },
    changed,
  } = ctx;
  const max = numberControl({ ...to('maxSelect'), label: 'At most', min: 2, empty: 0, hint: most });
  const show = () => {
    max.hidden = !isMultiple(field);
    // Of one, "required" says it.
    if (least) least.hidden = max.hidden && !field.minSelect;
  };
  show();
  return [
    selectControl({
      label: 'How many',
      value: isMultiple(field) ? 'several' : 'one',
      choices: [
        ['one', 'One'],
        ['several', 'Several'],
      ],
      path: '',
      onchange: (choice) => {
        field.maxSelect = choice === 'one' ? 1 : Math.max(2, field.type === 'select' ? field.values.length : 99);
        if (choice === 'one' && field.minSelect > 1) field.minSelect = 0;
        max.querySelector('input').value = field.maxSelect;
        show();
        changed();
      },
    }),
    max,
  ];
}

const domains = (ctx, to) => [
  chipsControl({
    ...to('onlyDomains'),
    value: ctx.entry.field.onlyDomains ?? [],
    label: 'Only these domains',
    placeholder: 'example.com',
    hint: 'Empty: any. Use one of the two lists.',
  }),
  chipsControl({
    ...to('exceptDomains'),
    value: ctx.entry.field.exceptDomains ?? [],
    label: 'Not these domains',
    placeholder: 'example.com',
  }),
];

const OWN = {
  text: (ctx, to) => [
    numberControl({ ...to('min'), label: 'Fewest characters', hint: 'Empty: none.' }),
    numberControl({ ...to('max'), label: 'Most characters', hint: 'Empty: 5,000.' }),
    textControl({
      ...to('pattern'),
      label: 'Pattern',
      mono: true,
      placeholder: '^[a-z]+$',
      hint: 'A regular expression that values must match.',
    }),
    textControl({
      ...to('autogeneratePattern'),
      label: 'Made by itself',
      mono: true,
      placeholder: '[a-z0-9]{15}',
      hint: 'A regular expression from which empty values of new records are made.',
    }),
  ],
  editor: (ctx, to) => [
    numberControl({ ...to('maxSize'), label: 'Most bytes', said: SIZES('5.2 MB') }),
    checkControl({
      ...to('convertURLs'),
      label: 'Make links relative',
      hint: 'A hint to editors: links to this server lose their host.',
      class: 'wide',
    }),
  ],
  number: (ctx, to) => [
    numberControl({ ...to('min'), label: 'Least', empty: null, step: 'any', min: null }),
    numberControl({ ...to('max'), label: 'Greatest', empty: null, step: 'any', min: null }),
    checkControl({ ...to('onlyInt'), label: 'Whole numbers only' }),
  ],
  email: domains,
  url: domains,
  date: (ctx, to) => [
    momentControl({ ...to('min'), label: 'Earliest' }),
    momentControl({ ...to('max'), label: 'Latest' }),
  ],
  autodate: ({ entry: { field, saved } }, to) => [
    checkControl({ ...to('onCreate'), label: 'Set when a record is made', disabled: field.system && saved }),
    checkControl({ ...to('onUpdate'), label: 'Set with every change', disabled: field.system && saved }),
  ],
  select: (ctx, to) => [
    chipsControl({
      ...to('values'),
      class: 'wide',
      commas: false,
      label: 'Values',
      placeholder: 'Type a value, press Enter',
      hint: 'In this order. A list can be pasted, one a line.',
    }),
    ...several(ctx, to, { most: 'Not more than there are values.' }),
  ],
  file: (ctx, to) => {
    const { field } = ctx.entry;
    const types = chipsControl({
      ...to('mimeTypes'),
      class: 'wide',
      value: field.mimeTypes ?? [],
      label: 'Types of files',
      placeholder: 'image/png',
      hint: 'What files really are, not what they are called. Empty: any.',
    });
    types.append(
      h(
        'div',
        { class: 'row presets' },
        h('span', { class: 'hint' }, 'Add:'),
        Object.entries(MIME_PRESETS).map(([name, list]) =>
          h('button', { type: 'button', class: 'small', onclick: () => types.add(list) }, name),
        ),
      ),
    );
    return [
      ...several(ctx, to, { most: 'Files of a record.' }),
      numberControl({ ...to('maxSize'), label: 'Most bytes of a file', said: SIZES('5.2 MB') }),
      types,
      chipsControl({
        ...to('thumbs'),
        class: 'wide',
        value: field.thumbs ?? [],
        label: 'Sizes of previews',
        placeholder: '100x100',
        hint: 'Width x height: 100x50, 0x300. With t, b or f behind: from the top, from the bottom, fitted in.',
      }),
      checkControl({
        ...to('protected'),
        label: 'Protected',
        hint: 'Downloads need a file token and the view rule.',
        class: 'wide',
      }),
    ];
  },
  relation: (ctx, to) => {
    const {
      draft,
      entry: { field, saved },
    } = ctx;
    const own = (one) => (one.id === draft.value.id ? ' (this collection)' : '');
    const choices = () => {
      const targets = draft.all().filter((one) => draft.isView || one.type !== 'view');
      const known = targets.some((one) => one.id === field.collectionId);
      return [
        ...(known ? [] : [[field.collectionId, field.collectionId ? `Unknown (${field.collectionId})` : 'Choose …']]),
        ...targets.filter((one) => !one.system).map((one) => [one.id, (one.name || 'New') + own(one)]),
        ...targets.filter((one) => one.system).map((one) => [one.id, one.name + own(one)]),
      ];
    };
    const target = selectControl({
      ...to('collectionId'),
      label: 'Collection',
      choices: choices(),
      disabled: Boolean(saved),
      hint: saved ? 'It stays what it is: a relation can’t be pointed elsewhere.' : undefined,
    });
    // Somebody may have made the one that they want in another tab.
    draft.addEventListener('change', ({ detail }) => {
      if (detail === 'collections') offer(target.querySelector('select'), choices(), field.collectionId);
    });
    const min = numberControl({ ...to('minSelect'), label: 'At least', hint: 'Unless there is none.' });
    return [
      target,
      ...several(ctx, to, { most: 'Records that it may point to.', least: min }),
      min,
      h(
        'p',
        { class: 'hint wide' },
        h('a', { href: address('/_/new-collection'), target: '_blank', rel: 'noopener' }, 'New collection'),
        ' (in another tab; when you come back here, it can be chosen)',
      ),
      checkControl({
        ...to('cascadeDelete'),
        label: 'Delete along',
        hint: 'When the last record that it points to is deleted, this one is, too.',
        class: 'wide',
      }),
    ];
  },
  json: (ctx, to) => [numberControl({ ...to('maxSize'), label: 'Most bytes', said: SIZES('1 MB') })],
  password: (ctx, to) => [
    numberControl({ ...to('min'), label: 'Fewest characters', hint: 'Empty: none.' }),
    numberControl({ ...to('max'), label: 'Most characters', hint: 'Empty: 71, which is the most.' }),
    numberControl({ ...to('cost'), label: 'Cost of the hash', hint: '4 to 31, a power of two. Empty: 10.' }),
    textControl({
      ...to('pattern'),
      label: 'Pattern',
      mono: true,
      hint: 'A regular expression that passwords must match.',
    }),
  ],
};
