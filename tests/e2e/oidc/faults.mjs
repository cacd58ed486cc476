// The ways in which a provider can be out of order. `answer` does to a request what a fault says; `body` is what the
// provider in order would have answered (for those that change it).
//
//   { kind: "hang" }                      nothing ever
//   { kind: "slow", pause_ms }            headers at once, then a byte each pause, for ever
//   { kind: "drop" }                      the connection is closed
//   { kind: "status", status }            an error with an HTML page
//   { kind: "refuse", error, status }     an OAuth error (400)
//   { kind: "text", text, type }          these bytes, status 200
//   { kind: "big", size }                 a valid document with a member of `size` bytes
//   { kind: "endless" }                   valid JSON that never ends
//   { kind: "redirect", to, status }      elsewhere
//   { kind: "merge", with }               the document with members replaced (null removes)
//   { kind: "delay", pause_ms }           the right answer, late

const PIECE = Buffer.alloc(65536, 0x61);

async function pour(response, size) {
  for (let left = size; left > 0 && !response.destroyed; left -= PIECE.length) {
    if (!response.write(left < PIECE.length ? PIECE.subarray(0, left) : PIECE)) {
      await new Promise((done) => {
        response.once('drain', done);
        response.once('close', done);
      });
    }
  }
}

export async function answer(fault, response, body) {
  const json = { 'content-type': 'application/json' };
  const send = (text, status = 200, headers = json) => response.writeHead(status, headers).end(text);
  switch (fault.kind) {
    case 'hang':
      return undefined;
    case 'slow': {
      response.writeHead(200, json);
      const timer = setInterval(() => response.write(' '), fault.pause_ms ?? 100);
      response.once('close', () => clearInterval(timer));
      return undefined;
    }
    case 'drop':
      return response.destroy();
    case 'status':
      return send('<html><body>out of order</body></html>', fault.status ?? 500, { 'content-type': 'text/html' });
    case 'refuse':
      return send(JSON.stringify({ error: fault.error, error_description: 'as the test wants it' }), fault.status ?? 400);
    case 'text':
      return send(fault.text, 200, { 'content-type': fault.type ?? 'application/json' });
    case 'big':
    case 'endless': {
      const document = JSON.stringify(await body());
      response.writeHead(200, json);
      response.write(`${document.slice(0, -1)},"ballast":"`);
      await pour(response, fault.kind === 'endless' ? Infinity : fault.size);
      return response.end('"}');
    }
    case 'redirect':
      return send('', fault.status ?? 302, { location: fault.to });
    case 'merge': {
      const document = { ...await body(), ...fault.with };
      return send(JSON.stringify(Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null))));
    }
    case 'delay':
      await new Promise((done) => { setTimeout(done, fault.pause_ms); });
      return send(JSON.stringify(await body()));
    default:
      throw new Error(`no such fault: ${fault.kind}`);
  }
}
