#!/usr/bin/env node
// Serves the viewer on this machine, with the policy as a header, as any static host can.
//
//   serve.mjs FOLDER [PORT]
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, port = '8000'] = process.argv.slice(2);
const page = readFileSync(join(folder, 'index.html'));
const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache' };
for (const line of readFileSync(join(folder, '_headers'), 'utf8').split('\n').slice(1)) {
  const colon = line.indexOf(': ');
  if (colon > 0) headers[line.slice(0, colon).trim()] = line.slice(colon + 2);
}

const server = createServer((request, response) => {
  const known = request.method === 'GET' && ['/', '/index.html'].includes(request.url.split('?')[0]);
  response.writeHead(known ? 200 : 404, headers);
  response.end(known ? page : 'not found\n');
});

server.on('error', (error) => {
  if (error.code !== 'EADDRINUSE') throw error;
  server.listen(0, '127.0.0.1'); // that port is somebody else's: any other
});
server.on('listening', () => console.log(`http://127.0.0.1:${server.address().port}/ (Ctrl-C ends it)`));
server.listen(Number(port), '127.0.0.1');
