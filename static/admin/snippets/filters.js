// Filters made of a collection's own fields: what can be asked, by examples. Called by the operations and the page.

import { isMultiple, isVisible, literal } from './examples.js';

/** `[{ filter, text }]`, one for each sort of question that the fields allow. */
export function filterExamples(collection, collections) {
  const fields = collection.fields.filter((field) => isVisible(field) && !field.primaryKey);
  const first = (...types) => fields.find((field) => types.includes(field.type));
  const found = [];
  const add = (filter, text) => found.push({ filter, text });
  const text = first('text', 'editor', 'email', 'url');
  if (text) {
    add(`${text.name} ~ "a"`, 'contains, in any letter case');
    add(`${text.name} != ""`, 'isn’t empty');
  }
  const number = first('number');
  if (number) add(`${number.name} >= 1 && ${number.name} < 10`, 'within bounds');
  const bool = first('bool');
  if (bool) add(`${bool.name} = true`, 'is true');
  const date = first('date') ?? first('autodate');
  if (date) {
    add(`${date.name} >= @todayStart`, 'today or later');
    add(`${date.name} ~ "2030-01"`, 'in one month');
  }
  const select = fields.find((field) => field.type === 'select' && !isMultiple(field) && field.values?.length > 0);
  if (select) add(`${select.name} = ${literal(select.values[0])}`, 'is one choice');
  const selects = fields.find((field) => field.type === 'select' && isMultiple(field) && field.values?.length > 0);
  if (selects) add(`${selects.name}:each ?= ${literal(selects.values[0])}`, 'one of several choices');
  const relation = fields.find((field) => field.type === 'relation' && !isMultiple(field));
  if (relation) {
    add(`${relation.name} = "RECORD_ID"`, 'names a record');
    const target = collections.find((one) => one.id === relation.collectionId);
    const inside = target?.fields.find((field) => isVisible(field) && field.type === 'text' && !field.primaryKey);
    if (inside) add(`${relation.name}.${inside.name} ~ "a"`, 'asks the related record');
  }
  const relations = fields.find((field) => isMultiple(field) && ['relation', 'file'].includes(field.type));
  if (relations) add(`${relations.name}:length > 1`, 'has more than one');
  const json = first('json');
  if (json) add(`${json.name}.key = "value"`, 'asks inside of JSON');
  const point = first('geoPoint');
  if (point) add(`geoDistance(${point.name}.lon, ${point.name}.lat, 13.4, 52.52) < 25`, 'within 25 km');
  add('id != ""', 'any record');
  return found;
}

/** A filter for the example of the list: one that finds something in most data. */
export const mainFilter = (collection, collections) => filterExamples(collection, collections).find(({ filter }) =>
  / != ""$/.test(filter)).filter;

export const OPERATORS = [
  ['=  !=', 'equal, not equal'],
  ['>  >=  <  <=', 'compared'],
  ['~  !~', 'contains, or fits a pattern with %'],
  ['?=  ?!=  ?>  ?~  …', 'holds for at least one of several values'],
  ['&&  ||  ( )', 'and, or, groups'],
];

export const MACROS = '@now @todayStart @todayEnd @monthStart @monthEnd @yearStart @yearEnd @yesterday @tomorrow';
