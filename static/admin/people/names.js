// How accounts are called and addressed. Called by all modules of the page.

import { address } from '../lib/api.js';

/** What an account is called: its address, else the first text that it has, else its id. */
export function nameOf(record, collection) {
  if (record.email) return record.email;
  const field = collection.fields.find((one) => one.presentable && typeof record[one.name] === 'string'
    && record[one.name])
    ?? collection.fields.find((one) => one.type === 'text' && !one.primaryKey && typeof record[one.name] === 'string'
      && record[one.name]);
  return field ? record[field.name] : record.id;
}

/** A second name to show beside the first one, or nothing. */
export function sideName(record, collection) {
  const fields = collection.fields.filter((one) => one.type === 'text' && !one.primaryKey && !one.hidden
    && typeof record[one.name] === 'string' && record[one.name]);
  const field = fields.find((one) => one.presentable) ?? fields.find((one) => /name/i.test(one.name)) ?? fields[0];
  const name = field ? record[field.name] : '';
  return name === nameOf(record, collection) ? '' : name;
}

/** Whether a mail that sets a new password can be sent to an account. */
export const mayReset = ({ collection, record }) => Boolean(record.email && collection.passwordAuth?.enabled);

/** The address of the page of an account. */
export const pageOf = (collection, id) =>
  address(`/_/people?${new URLSearchParams({ collection: collection.name, record: id })}`);

/** How requests name somebody else's account. */
export const named = (collection, id) => ({ collection: collection.name, record: id });

/** The same as the end of an address. */
export const namedQuery = (collection, id) => `?${new URLSearchParams(named(collection, id))}`;
