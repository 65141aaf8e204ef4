// The kinds of fields: names, pictures, and what a new field of each starts with.
//
// Used by the editor of collections, the diagram and the review of changes. Not here: how their options are edited
// (`options.js`).

const SVG = 'http://www.w3.org/2000/svg';

/** Each kind: its name for people, what it is for, a picture of 24 by 24, and the options of a new field. */
export const KINDS = {
  text: {
    label: 'Text',
    about: 'Short text',
    picture: 'M5 7V5h14v2M12 5v14M9 19h6',
    options: { min: 0, max: 0, pattern: '', autogeneratePattern: '', primaryKey: false },
  },
  editor: {
    label: 'Rich text',
    about: 'Formatted text',
    picture: 'M4 6h16M4 10h10M4 14h16M4 18h8',
    options: { maxSize: 0, convertURLs: false },
  },
  number: {
    label: 'Number',
    about: 'With or without fractions',
    picture: 'M9 4L7 20M17 4l-2 16M4 9h16M4 15h16',
    options: { min: null, max: null, onlyInt: false },
  },
  bool: {
    label: 'Yes or no',
    about: 'True or false',
    picture: 'M8 7h8a5 5 0 0 1 0 10H8A5 5 0 0 1 8 7zM16 10a2 2 0 1 0 .01 4a2 2 0 0 0-.01-4',
    options: {},
  },
  email: {
    label: 'E-mail',
    about: 'One address',
    picture: 'M4 6h16v12H4zM4 7l8 6 8-6',
    options: { onlyDomains: [], exceptDomains: [] },
  },
  url: {
    label: 'URL',
    about: 'One web address',
    picture: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
    options: { onlyDomains: [], exceptDomains: [] },
  },
  date: {
    label: 'Date',
    about: 'Date and time',
    picture: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4',
    options: { min: '', max: '' },
  },
  autodate: {
    label: 'Automatic date',
    about: 'Set by the server',
    picture: 'M12 7v5l3 2M4 12a8 8 0 1 0 3-6M4 4v4h4',
    options: { onCreate: true, onUpdate: false },
  },
  select: {
    label: 'Choice',
    about: 'One or several of a list',
    picture: 'M9 6h11M9 12h11M9 18h11M4 6l1 1 2-2M4 12l1 1 2-2M4 18l1 1 2-2',
    options: { values: [], maxSelect: 1 },
  },
  file: {
    label: 'File',
    about: 'One or several files',
    picture: 'M6 3h8l4 4v14H6zM14 3v4h4',
    options: { maxSelect: 1, maxSize: 0, mimeTypes: [], thumbs: [], protected: false },
  },
  relation: {
    label: 'Relation',
    about: 'Records of a collection',
    picture: 'M4 4h7v7H4zM13 13h7v7h-7zM11 8h5v5',
    options: { collectionId: '', cascadeDelete: false, minSelect: 0, maxSelect: 1 },
  },
  json: {
    label: 'JSON',
    about: 'Any structure',
    picture: 'M9 4H8a2 2 0 0 0-2 2v4l-2 2 2 2v4a2 2 0 0 0 2 2h1M15 4h1a2 2 0 0 1 2 2v4l2 2-2 2v4a2 2 0 0 1-2 2h-1',
    options: { maxSize: 0 },
  },
  geoPoint: {
    label: 'Place',
    about: 'Longitude and latitude',
    picture: 'M12 21c-4-5-6-8-6-11a6 6 0 0 1 12 0c0 3-2 6-6 11zM12 8a2 2 0 1 0 .01 4A2 2 0 0 0 12 8',
    options: {},
  },
  password: {
    label: 'Password',
    about: 'Kept as a hash',
    picture: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
    options: { min: 8, max: 0, pattern: '', cost: 0 },
  },
};

/** The kinds that can be added by hand. */
export const ADDABLE = Object.keys(KINDS).filter((type) => type !== 'password');

/** The name of a kind; of one that this page doesn't know, what the server calls it. */
export const kindLabel = (type) => KINDS[type]?.label ?? type;

/** A new field of this kind, without a name and an id. */
export function blankField(type) {
  const common = { type, name: '', system: false, hidden: false, presentable: false };
  const help = type === 'autodate' ? {} : { help: '', required: false };
  return { ...common, ...help, ...structuredClone(KINDS[type].options) };
}

/** Whether a field holds several values. */
export const isMultiple = (field) => ['select', 'file', 'relation'].includes(field.type) && field.maxSelect > 1;

/** The picture of a kind. */
export function kindIcon(type) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'kind-icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', KINDS[type]?.picture ?? 'M12 12h.01');
  svg.append(path);
  return svg;
}
