// What settings there are: where each stands in `/api/settings`, its key in the configuration, and the words for
// people. Used by the page Settings, which shows all of them, and by others that show those of their subject. A
// `question` takes a value that is about to be saved, and gives what is asked before; or nothing.

import { when } from '../lib/format.js';
import { PRESETS, next, words } from './cron.js';

const s3 = (path, key) => [
  { path: `${path}.enabled`, key: `${key}bucket`, type: 'check', label: 'Keep them in an S3-compatible bucket' },
  ...[
    { name: 'endpoint', label: 'Endpoint', placeholder: 'https://s3.example.com' },
    { name: 'bucket', label: 'Bucket' },
    { name: 'region', label: 'Region', placeholder: 'us-east-1' },
    { name: 'accessKey', label: 'Access key', key: `${key}access_key` },
  ].map(({ name, ...field }) => ({ key: `${key}${name}`, ...field, path: `${path}.${name}`, type: 'text',
    when: `${path}.enabled` })),
  { path: `${path}.secret`, key: `${key}secret_key`, type: 'secret', label: 'Secret key', when: `${path}.enabled` },
  {
    path: `${path}.forcePathStyle`, key: `${key}addressing`, type: 'check', label: 'Name the bucket in the path',
    when: `${path}.enabled`,
    hint: 'Most services besides Amazon\'s want this.',
  },
];

const LEVELS = [[-4, 'Debug and above'], [0, 'Info and above'], [4, 'Warnings and errors'], [8, 'Errors only']];

export const SMTP = [
  { path: 'smtp.enabled', key: 'smtp_host', type: 'check', label: 'Send mail through a mail server (SMTP)',
    hint: 'Otherwise mails stay in the outbox, where superusers can read them.' },
  { path: 'smtp.host', key: 'smtp_host', type: 'text', label: 'Host', placeholder: 'smtp.example.com',
    when: 'smtp.enabled' },
  { path: 'smtp.port', key: 'smtp_port', type: 'number', label: 'Port', when: 'smtp.enabled' },
  { path: 'smtp.username', key: 'smtp_username', type: 'text', label: 'User name', when: 'smtp.enabled' },
  { path: 'smtp.password', key: 'smtp_password', type: 'secret', label: 'Password', when: 'smtp.enabled' },
  { path: 'smtp.authMethod', key: 'smtp_auth_method', type: 'select', label: 'How to sign in',
    options: [['', 'By itself'], ['PLAIN', 'PLAIN'], ['LOGIN', 'LOGIN']], when: 'smtp.enabled' },
  { path: 'smtp.localName', key: 'smtp_local_name', type: 'text', label: 'Name in the greeting',
    placeholder: 'localhost', when: 'smtp.enabled' },
  { path: 'smtp.tls', key: 'smtp_encryption', type: 'check', label: 'TLS from the first byte',
    hint: 'Usually port 465. Otherwise the connection must change to TLS before anything is sent.',
    when: 'smtp.enabled' },
];

export const SENDER = [
  { path: 'meta.senderName', key: 'mail_from_name', type: 'text', label: 'Sender\'s name' },
  { path: 'meta.senderAddress', key: 'mail_from_address', type: 'text', kind: 'email', label: 'Sender\'s address' },
];

export const LOGS = [
  { path: 'logs.maxDays', key: 'logs_max_days', type: 'number', label: 'Days to keep',
    hint: '0 logs nothing and deletes what is there.',
    question: (days) => days === 0 && { title: 'Delete the whole log?', action: 'Delete and log nothing', danger: true,
      text: 'With 0 days to keep, all entries are deleted at once, and nothing is logged from now on.' } },
  { path: 'logs.minLevel', key: 'logs_min_level', type: 'select', numeric: true, label: 'What is kept',
    options: LEVELS },
  { path: 'logs.maxDataSize', key: 'logs_max_data_bytes', type: 'number', label: 'Largest entry in bytes',
    hint: '0 is the built-in size.' },
  { path: 'logs.logIP', key: 'logs_log_ip', type: 'check', label: 'Keep addresses (IP)' },
  { path: 'logs.logAuthId', key: 'logs_log_auth_id', type: 'check', label: 'Keep ids of accounts' },
];

/** What a schedule means. */
function schedule(expression) {
  const date = next(expression.trim());
  return date ? [words(expression.trim()), `next ${when(date.toISOString())}`].filter(Boolean).join(', ') : '';
}

export const BACKUPS = [
  { path: 'backups.cron', key: 'backup_cron', type: 'text', label: 'Schedule', placeholder: '0 3 * * *',
    presets: PRESETS, explain: schedule, hint: 'Minute, hour, day, month, weekday, in UTC. Empty makes none.' },
  { path: 'backups.cronMaxKeep', key: 'backup_keep', type: 'number', label: 'How many to keep',
    hint: 'Of those made by schedule. The newest good one never goes.' },
];

const BACKUPS_S3 = s3('backups.s3', 'backup_s3_');

const PROXY_HEADERS = ['X-Forwarded-For', 'X-Real-IP', 'CF-Connecting-IP',
  'Fly-Client-IP'].map((value) => ({ label: value, value }));

/** Everything, by subject. `ownAddress` is a shortcut to the address of whoever looks. */
export const groups = (ownAddress) => [
  {
    id: 'application', title: 'Application',
    fields: [
      { path: 'meta.appName', key: 'app_name', type: 'text', label: 'Name' },
      { path: 'meta.appURL', key: 'public_url', type: 'text', kind: 'url', label: 'Address',
        hint: 'Links in mails begin with it.' },
      { path: 'meta.accentColor', key: 'accent_color', type: 'color', label: 'Accent colour',
        hint: 'Of buttons and links. With #1055c9 they have the dashboard’s own green.' },
      { path: 'meta.hideControls', key: 'hide_controls', type: 'check', label: 'Hide controls that change collections',
        hint: 'The dashboard locks what saves until it is unlocked, against accidents. It keeps nobody out.' },
    ],
  },
  { id: 'mail', title: 'Mail', fields: [...SENDER, ...SMTP], test: { kind: 'mail', when: 'smtp.enabled' } },
  { id: 'files', title: 'Files', text: 'Changing where files are kept does not move those that are there already.',
    fields: s3('s3', 's3_'), test: { kind: 'storage', when: 's3.enabled' } },
  { id: 'backups', title: 'Backups', fields: [...BACKUPS, ...BACKUPS_S3],
    test: { kind: 'backups', when: 'backups.s3.enabled' } },
  { id: 'logs', title: 'Logs', fields: LOGS },
  {
    id: 'batch', title: 'Batch requests',
    fields: [
      { path: 'batch.enabled', key: 'batch_enabled', type: 'check', label: 'Allow many changes in one request',
        hint: '/api/batch: all of them are made, or none.' },
      { path: 'batch.maxRequests', key: 'batch_max_requests', type: 'number', label: 'Requests at most',
        when: 'batch.enabled' },
      { path: 'batch.timeout', key: 'batch_timeout_ms', type: 'number', label: 'Seconds at most',
        when: 'batch.enabled' },
      { path: 'batch.maxBodySize', key: 'batch_max_body_mb', type: 'number', label: 'Bytes at most',
        hint: '0 is the built-in size.', when: 'batch.enabled' },
    ],
  },
  {
    id: 'rate-limits', title: 'Rate limits',
    text: 'Of the limits that could count a request the closest one does. Superusers are never counted.',
    help: { title: 'What can be counted, the closest first', lines: [
      ['posts:create', 'One action of a collection: list, view, create, update, delete, file, ways to sign in.'],
      ['posts', 'Everything about a collection.'],
      ['*:create', 'One action of any collection; *:auth is every way to sign in.'],
      ['POST /api/batch', 'A path with its method; with a slash at the end, everything below it.'],
      ['/api/batch', 'A path with any method, and everything below it with a slash; the longest first.'],
    ] },
    fields: [
      { path: 'rateLimits.enabled', key: 'rate_limits_enabled', type: 'check',
        label: 'Limit how often clients may ask' },
      { path: 'rateLimits.rules', key: 'rate_limits', type: 'rules', label: 'Limits' },
      { path: 'rateLimits.excludedIPs', key: 'rate_limits_excluded_ips', type: 'lines', label: 'Never limited',
        wide: true, hint: 'Addresses and networks, one a line.', shortcuts: ownAddress },
    ],
  },
  {
    id: 'proxy', title: 'Proxy',
    text: 'Behind a proxy, a header says where requests come from. Anybody can send one: name only your proxy\'s.',
    fields: [
      { path: 'trustedProxy.headers', key: 'trusted_proxy_headers', type: 'lines', label: 'Trusted headers', wide: true,
        hint: 'The first that a request has counts.', shortcuts: PROXY_HEADERS },
      { path: 'trustedProxy.useLeftmostIP', key: 'trusted_proxy_leftmost', type: 'check',
        label: 'Take the first address of the header',
        hint: 'Clients may write that one themselves. The last is what the nearest proxy wrote.' },
    ],
  },
  {
    id: 'superusers', title: 'Superusers',
    text: ['Superusers are let in only from these addresses; empty is from everywhere. '
      + 'Whoever is locked out opens the door on the server: ', 'holdall superuser ips'],
    fields: [
      { path: 'superuserIPs', key: 'superuser_ips', type: 'lines', label: 'Addresses of superusers', wide: true,
        hint: 'Addresses and networks such as 10.0.0.0/8, one a line.', shortcuts: ownAddress },
    ],
  },
];
