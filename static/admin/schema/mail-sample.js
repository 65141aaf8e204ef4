// The placeholders of mail templates: which there are, what they could be filled with, and which of a template aren't
// known. Pure.
//
// Used by the mails of the editor of collections. The server fills in the same way (`src/mail/placeholders.rs`).

const COMMON = ['APP_NAME', 'APP_URL', 'COLLECTION'];
/** The templates: where they are, what they are called, what only they know, and which of that a mail is useless without. */
export const TEMPLATES = [
  { path: 'verificationTemplate', label: 'Confirm an address', own: ['TOKEN'], needs: 'TOKEN', test: 'verification' },
  { path: 'resetPasswordTemplate', label: 'New password', own: ['TOKEN'], needs: 'TOKEN', test: 'password-reset' },
  { path: 'confirmEmailChangeTemplate', label: 'New address', own: ['TOKEN'], needs: 'TOKEN', test: 'email-change' },
  { path: 'otp.emailTemplate', label: 'One-time code', own: ['OTP', 'OTP_ID'], needs: 'OTP', test: 'otp' },
  { path: 'authAlert.emailTemplate', label: 'Sign-in from a new place', own: ['ALERT_INFO'], test: 'login-alert' },
];
const EXAMPLES = {
  TOKEN: 'a-long-token-of-this-account',
  OTP_ID: '8f3k2m9x1q7w5zt',
  ALERT_INFO: '2026-01-31 12:00:00.000Z · 203.0.113.7 · Firefox on Linux',
};

const isTold = (field) => field.name && !field.hidden && field.type !== 'password' && field.name !== 'tokenKey';

/** What a field of an account could be. */
function exampleOf({ name, type, values }) {
  if (name === 'id') return 'k4ct0u7h2m1x9qz';
  const kinds = {
    email: 'ada@example.com',
    number: '7',
    bool: 'true',
    date: '2026-01-31 12:00:00.000Z',
    autodate: '2026-01-31 12:00:00.000Z',
    url: 'https://example.com',
    select: values?.[0] ?? '',
    relation: '5p2w8n4v6c3b1y0',
    file: 'photo.jpg',
    json: '{"a":1}',
    geoPoint: '{"lon":13.4,"lat":52.5}',
  };
  if (type in kinds) return kinds[type];
  return /name/i.test(name) ? 'Ada Lovelace' : `[${name}]`;
}

/** Every placeholder of a template with an example: `[name, value]`, the template's own first. */
export function examples(draft, template, { appName, appURL }) {
  const code = '12345678901234567890'.slice(0, draft.value.otp?.length || 8);
  const known = { ...EXAMPLES, OTP: code, APP_NAME: appName, APP_URL: appURL, COLLECTION: draft.value.name };
  const fields = draft.fields.filter(isTold).map((field) => [`RECORD:${field.name}`, exampleOf(field)]);
  return [...[...template.own, ...COMMON].map((name) => [name, known[name]]), ...fields];
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const escaped = (text) =>
  text.replaceAll(/[&<>"']/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[sign]);

/** A text with its placeholders filled in; what isn't known stays as it is. */
export function filledIn(text, values, { html = false } = {}) {
  const known = new Map(values);
  return text.replaceAll(PLACEHOLDER, (whole, name) => {
    if (!known.has(name)) return whole;
    return html ? escaped(known.get(name)) : known.get(name);
  });
}

/** What is wrong with the placeholders of a template, as sentences. */
export function placeholderProblems(draft, template, { subject, body }, values) {
  const known = new Set(values.map(([name]) => name));
  const found = [];
  // What stands in braces in styles is none.
  const text = `${subject}\n${body.replaceAll(/<style\b[\s\S]*?<\/style\s*>/gi, '')}`;
  for (const [, name] of text.matchAll(PLACEHOLDER))
    if (!known.has(name) && /^\s*[A-Za-z_]+(?::\s*\w*)?\s*$/.test(name)) found.push(name);
  const problems = [...new Set(found)].map((name) => `{${name}} isn’t filled in: ${reason(draft, name.trim(), known)}`);
  if (template.needs && !`${subject}${body}`.includes(`{${template.needs}}`))
    problems.push(`{${template.needs}} is missing: who gets this mail can do nothing with it.`);
  return problems;
}

function reason(draft, name, known) {
  const alike = [...known].find((one) => one.toLowerCase() === name.toLowerCase());
  if (alike) return `it is written {${alike}}.`;
  const field = /^RECORD:\s*(\w*)$/i.exec(name)?.[1];
  if (field === undefined) return 'this mail knows no such placeholder.';
  return draft.fields.some((one) => one.name === field)
    ? `${field} is hidden or a secret, which mails don’t tell.`
    : `there is no field ${field}.`;
}
