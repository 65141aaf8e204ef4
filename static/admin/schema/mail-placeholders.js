// The placeholders of mail templates: which there are, and what is wrong with those of a template. Pure.
//
// Used by the mails of the editor of collections. Not here: what they are filled with, which is the server's business.

const COMMON = ['APP_NAME', 'APP_URL', 'COLLECTION'];
/**
 * The templates: where they are, what they are called, what only they know, what of that a mail is useless without, and
 * what the server calls them.
 */
export const TEMPLATES = [
  { path: 'verificationTemplate', label: 'Confirm an address', own: ['TOKEN'], needs: 'TOKEN', kind: 'verification' },
  { path: 'resetPasswordTemplate', label: 'New password', own: ['TOKEN'], needs: 'TOKEN', kind: 'password-reset' },
  { path: 'confirmEmailChangeTemplate', label: 'New address', own: ['TOKEN'], needs: 'TOKEN', kind: 'email-change' },
  { path: 'otp.emailTemplate', label: 'One-time code', own: ['OTP', 'OTP_ID'], needs: 'OTP', kind: 'otp' },
  { path: 'authAlert.emailTemplate', label: 'Sign-in from a new place', own: ['ALERT_INFO'], kind: 'login-alert' },
];

const isTold = (field) => field.name && !field.hidden && field.type !== 'password' && field.name !== 'tokenKey';

/** Every placeholder of a template, its own first. */
export const placeholders = (draft, { own }) => [
  ...own,
  ...COMMON,
  ...draft.fields.filter(isTold).map((field) => `RECORD:${field.name}`),
];

/** What is wrong with the placeholders of a template, as sentences. */
export function placeholderProblems(draft, template, { subject, body }) {
  const known = placeholders(draft, template);
  // What stands in braces in styles is none.
  const text = `${subject}\n${body.replaceAll(/<style\b[\s\S]*?<\/style\s*>/gi, '')}`;
  const names = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name);
  const isMeantAsOne = (name) => /^\s*[A-Za-z_]+(?::\s*\w*)?\s*$/.test(name);
  const unknown = new Set(names.filter((name) => !known.includes(name) && isMeantAsOne(name)));
  const problems = [...unknown].map((name) => `{${name}} isn’t filled in: ${reason(draft, name.trim(), known)}`);
  if (template.needs && !names.includes(template.needs))
    problems.push(`{${template.needs}} is missing: who gets this mail can do nothing with it.`);
  return problems;
}

function reason(draft, name, known) {
  const alike = known.find((one) => one.toLowerCase() === name.toLowerCase());
  if (alike) return `it is written {${alike}}.`;
  const field = /^RECORD:\s*(\w*)$/i.exec(name)?.[1];
  if (field === undefined) return 'this mail knows no such placeholder.';
  return draft.fields.some((one) => one.name === field)
    ? `${field} is hidden or a secret, which mails don’t tell.`
    : `there is no field ${field}.`;
}
