// Whole numbers in inputs: what can't be sent as one must not become 0, which often means something of its own. Used by
// forms of settings and where superusers choose how long a token lasts.

/** What is wrong with what stands in an input for a whole number; nothing is empty. Its limits are the server's. */
export function numberProblem({ value, validity }) {
  // What the browser can't read as a number has no value.
  if (validity.badInput) return 'This isn\'t a number.';
  if (value === '') return 'This can\'t be empty.';
  return validity.stepMismatch ? 'This must be a whole number.' : '';
}

/** The number in an input, or `null` if there is none. */
export const numberIn = ({ value }) => (value === '' ? null : Number(value));

/** The problems of all numbers in a form that may be changed, by their names, as the server would tell them. */
export function numberProblems(form) {
  const inputs = [...form.querySelectorAll('input[type="number"]:enabled')];
  return Object.fromEntries(inputs.map((input) => [input.name, { message: numberProblem(input) }])
    .filter(([, { message }]) => message !== ''));
}
