// What the server answers, by status, with samples made of the collection's fields. Called by the operations.

const error = (status, message, data = {}) => ({ data, message, status });

export const ok = (body, text = 'Done.') => ({ status: 200, text, body });
export const empty = (text) => ({ status: 204, text, body: null });
export const invalid = (text, data = {}, message = 'The request isn’t valid.') =>
  ({ status: 400, text, body: error(400, message, data) });
export const unauthenticated = (text = 'Nobody is signed in, or the token has ended.') =>
  ({ status: 401, text, body: error(401, 'Sign in first.') });
export const forbidden = (text) => ({ status: 403, text, body: error(403, 'You are not allowed to do this.') });
export const missing = (text) => ({ status: 404, text, body: error(404, 'There is nothing here.') });
export const changed = () => ({
  status: 412, text: 'The record isn’t any more what If-Match names; nothing has changed.',
  body: error(412, 'The record has changed meanwhile.',
    { ifMatch: { code: 'precondition_failed', message: 'The record has changed meanwhile.' } }),
});

/** Problems as they come for the first required field, or for any. */
export function problems(collection) {
  const field = collection.fields.find((one) => one.required && !one.system && !one.hidden)
    ?? collection.fields.find((one) => one.name === 'email');
  return field ? { [field.name]: { code: 'validation_required', message: 'This can’t be empty.' } } : {};
}

/** The answers that a rule's three sorts bring. */
export const refusals = (rule, text) => rule === null ? [forbidden(text)] : [];

export const tooMany = () => ({
  status: 429, text: 'Too many requests; Retry-After says how many seconds to wait. Superusers aren’t counted.',
  body: error(429, 'Too many requests.'),
});
