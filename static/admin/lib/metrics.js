// What /metrics says, in Prometheus' text format, as values that pages can work with.

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** All samples: `[{ name, labels, value }]`. */
export function parse(text) {
  return text
    .split('\n')
    .map((line) => LINE.exec(line))
    .filter(Boolean)
    .map(([, name, labels = '', value]) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(LABEL)].map(([, key, text]) => [
          key,
          text.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c)),
        ]),
      ),
      value: Number(value.replace('+Inf', 'Infinity')),
    }));
}

/** The sum of the samples of a name, of those that fit if `fits` is given; `undefined` if there are none. */
export function total(samples, name, fits = () => true) {
  const found = samples.filter((sample) => sample.name === name && fits(sample.labels));
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

/**
 * The time within which a part of the observations of a histogram lies, in seconds: the upper end of the bucket that it
 * falls into. `undefined` if nothing was observed.
 */
export function quantile(samples, name, part, fits = () => true) {
  const buckets = new Map();
  for (const { name: found, labels, value } of samples) {
    if (found !== `${name}_bucket` || !fits(labels)) continue;
    const end = Number(labels.le.replace('+Inf', 'Infinity'));
    buckets.set(end, (buckets.get(end) ?? 0) + value);
  }
  const ends = [...buckets.keys()].sort((a, b) => a - b);
  const all = buckets.get(Infinity) ?? 0;
  if (all === 0) return undefined;
  const found = ends.find((end) => buckets.get(end) >= all * part);
  return Number.isFinite(found) ? found : ends.at(-2);
}
