// How much memory the whole program takes while a file of 2 GB comes in and goes out again.
//
//   cargo build --release
//   HOLDALL_BIN=target/release/holdall node benches/upload_memory.mjs [local|s3] [GB]
//
// It prints the most memory that the process ever had (VmHWM): after its start, after the upload, after the download.

import { peakMemoryMb, sendLarge, startWith } from '../tests/files/lib/places.mjs';

const [place = 'local', gigabytes = '2'] = process.argv.slice(2);
const sizeBytes = Number(gigabytes) * 2 ** 30;
const holdall = await startWith(place);
try {
  const { server, call } = holdall;
  const figures = { start: await peakMemoryMb(server.pid) };
  await call('POST', '/api/collections', {
    name: 'docs', type: 'base', createRule: '', fields: [{ name: 'f', type: 'file', maxSize: sizeBytes }],
  });
  const begun = performance.now();
  const { status, body } = await sendLarge(`${server.url}/api/collections/docs/records`, sizeBytes);
  if (status !== 200) throw new Error(JSON.stringify(body));
  const seconds = (performance.now() - begun) / 1000;
  figures.upload = await peakMemoryMb(server.pid);
  let received = 0;
  for await (const piece of (await fetch(`${server.url}/api/files/docs/${body.id}/${body.f}`)).body) received += piece.length;
  if (received !== sizeBytes) throw new Error(`${received} bytes came back`);
  figures.download = await peakMemoryMb(server.pid);
  const rows = Object.entries(figures).map(([when, mb]) => `${when} ${mb.toFixed(1)} MB`);
  console.log(`${place}, ${gigabytes} GB: ${rows.join(', ')}; stored at ${(sizeBytes / 2 ** 20 / seconds).toFixed(0)} MB/s`);
} finally {
  await holdall.stop();
}
