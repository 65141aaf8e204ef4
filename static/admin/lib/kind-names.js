// What kinds of fields are called where records are looked at and written: as the page of the definition calls them
// (`schema/kinds.js`), without the rest of that module.

const NAMES = {
  geoPoint: 'place',
  editor: 'rich text',
  bool: 'yes or no',
  select: 'choice',
  json: 'JSON',
  url: 'URL',
  email: 'e-mail',
  autodate: 'automatic date',
};

/** The name of a field's kind, in the middle of a sentence. */
export const kindName = ({ type }) => NAMES[type] ?? type;
