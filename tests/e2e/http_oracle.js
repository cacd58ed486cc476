// What Node's llhttp, strict, makes of streams: the same lines as http_frames prints. argv[2]: a file of JSON lines
// {"kind": "Q", "stream": HEX}.
'use strict';
const { HTTPParser } = require('_http_common');
const { methods } = process.binding('http_parser');
const hex = (text) => Buffer.from(text, 'latin1').toString('hex');
const fieldsOf = (flat) => {
  const out = [];
  for (let i = 0; i < flat.length; i += 2) out.push(hex(flat[i]) + ':' + hex(flat[i + 1].replace(/[ \t]+$/, '')));
  return out;
};

function told(kind, stream) {
  const parser = new HTTPParser();
  parser.initialize(kind === 'Q' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {}, 1 << 20, 0);
  const messages = [];
  let now = null, flat = [], url = '';
  parser[HTTPParser.kOnHeaders | 0] = (more, part) => { flat.push(...more); url += part; };
  parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, headers, method, target, status, reason) => {
    if (headers !== undefined) { flat = headers; url = target; }
    const mark = (url || '').indexOf('?');
    now = { first: kind === 'Q' ? methods[method] + ' ' + (mark < 0 ? '' : url.slice(mark)) : status + ' ' + reason,
            fields: fieldsOf(flat), body: '' };
    flat = []; url = '';
    return kind === 'H' && status >= 200 ? 1 : 0;
  };
  parser[HTTPParser.kOnBody | 0] = (bytes) => { now.body += bytes.toString('hex'); };
  parser[HTTPParser.kOnMessageComplete | 0] = () => {
    messages.push({ first: hex(now.first), fields: now.fields, trailers: fieldsOf(flat), body: now.body });
    url = '';
    flat = [];
  };
  let done = parser.execute(Buffer.from(stream, 'hex'));
  if (!(done instanceof Error) && kind !== 'Q') done = parser.finish();
  return { fault: done instanceof Error ? done.code : '', messages };
}

for (const line of require('fs').readFileSync(process.argv[2], 'utf8').split('\n')) {
  if (line) console.log(JSON.stringify(told(JSON.parse(line).kind, JSON.parse(line).stream)));
}
