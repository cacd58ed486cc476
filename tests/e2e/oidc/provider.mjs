// A certified OpenID provider on loopback, with what a test needs beside it. Prints one line of JSON when it is ready;
// ends when its standard input does. Options, as one JSON argument: port (0: any), certificate and key (files: https,
// as localhost).
//
// Access tokens are JWTs of a resource, `https://gateway.test/`, whose query says what kind of token is wanted:
// alg (RS256), aud (sallyport; "a b" gives a list), ttl (600 s). What else stands in them is the client's or
// the account's `claims`. Under /control/ a test sees to it:
//
//   POST set     {clients: {ID: {…, claims} | null}, accounts: {ID: {claims} | null}}
//   POST rotate  {keep}            new signing keys; the old ones stay published where keep is true
//   POST fault   {on, kind, times, …}  on: discovery | jwks | token | device; faults.mjs has the kinds, null ends it;
//                                  times: how many requests have it (all)
//   POST device  {life, interval}  in seconds, of device codes from now on (600, not said)
//   POST reset                     no faults, counts from zero
//   GET  state                     {counts, open, kids}

import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';

import { Provider } from 'oidc-provider';

import { Adapter, clients } from './adapter.mjs';
import { answer } from './faults.mjs';

const RESOURCE = 'https://gateway.test/';
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'];
const PATHS = {
  '/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks', '/token': 'token', '/device/auth': 'device',
};

const options = JSON.parse(process.argv[2] ?? '{}');
const claims = new Map(); // client or account -> what stands in its tokens
const accounts = new Set();
let faults = {};
let counts = {};
let open = {}; // requests under way
let keys = [];
let devices = {}; // life and interval of their codes
let callback;
let issuer;

function newKeys() {
  const make = (kind, how) => {
    const jwk = crypto.generateKeyPairSync(kind, how).privateKey.export({ format: 'jwk' });
    return { ...jwk, use: 'sig', kid: crypto.randomBytes(6).toString('hex') };
  };
  return [make('rsa', { modulusLength: 2048 }), make('ec', { namedCurve: 'P-256' }), make('ec', { namedCurve: 'P-384' }),
    make('ed25519')];
}

function resourceServer(ctx, indicator) {
  const wanted = new URL(indicator).searchParams;
  return {
    scope: 'use',
    audience: wanted.get('aud') ?? 'sallyport',
    accessTokenTTL: Number(wanted.get('ttl') ?? 600),
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: wanted.get('alg') ?? 'RS256' } },
  };
}

// The provider knows one audience a resource.
function listAudiences(ctx, token, jwt) {
  const audiences = jwt.payload.aud.split(' ');
  if (audiences.length > 1) jwt.payload.aud = audiences;
}

function configuration() {
  return {
    adapter: Adapter,
    jwks: { keys },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    cookies: { keys: ['only on loopback'] },
    scopes: ['openid', 'email', 'profile', 'groups', 'offline_access'],
    clientBasedCORS: () => false,
    extraTokenClaims: (ctx, token) => claims.get(token.accountId ?? token.clientId),
    formats: { customizers: { jwt: listAudiences } },
    ttl: { DeviceCode: () => devices.life ?? 600 },
    findAccount: (ctx, id) => (accounts.has(id)
      ? { accountId: id, claims: () => ({ ...claims.get(id), sub: id }) } : undefined),
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, client, oneOf) => oneOf?.[0] ?? RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServer,
      },
    },
  };
}

function rebuild() {
  const provider = new Provider(issuer, configuration());
  provider.on('server_error', (ctx, error) => console.error(error));
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/device/auth' && ctx.status === 200 && devices.interval) ctx.body.interval = devices.interval;
  });
  callback = provider.callback();
}

function set({ clients: someClients = {}, accounts: someAccounts = {} }) {
  for (const [id, one] of Object.entries(someClients)) {
    if (one) {
      const { claims: its, ...metadata } = one;
      clients.set(id, { client_id: id, ...metadata });
      claims.set(id, its ?? {});
    } else {
      clients.delete(id);
    }
  }
  for (const [id, one] of Object.entries(someAccounts)) {
    if (one) {
      accounts.add(id);
      claims.set(id, one.claims ?? {});
    } else {
      accounts.delete(id);
    }
  }
}

function reset() {
  faults = {};
  counts = { discovery: 0, jwks: 0, token: 0, device: 0 };
  devices = {};
}

const CONTROLS = {
  set,
  rotate({ keep = false }) {
    keys = [...newKeys(), ...(keep ? keys : [])];
    rebuild();
  },
  fault({ on, kind, ...more }) {
    if (!Object.values(PATHS).includes(on)) throw new Error(`no such place: ${on}`);
    if (kind) faults[on] = { kind, ...more };
    else delete faults[on];
  },
  device(how) {
    devices = how;
  },
  reset,
  state: () => {},
};

async function control(name, request, response) {
  let text = '';
  for await (const piece of request) text += piece;
  try {
    CONTROLS[name](JSON.parse(text || '{}'));
    response.end(JSON.stringify({ counts, open, kids: keys.map((one) => one.kid) }));
  } catch (error) {
    response.writeHead(400).end(JSON.stringify({ error: error.message }));
  }
}

// The document as the provider in order has it: asked of itself, past the faults and the counts.
function document(path) {
  const { host } = new URL(issuer);
  const where = { host: '127.0.0.1', port: inner.address().port, path, headers: { host }, rejectUnauthorized: false };
  return new Promise((done, failed) => {
    (tls ? https : http).get(where, async (response) => {
      let text = '';
      for await (const piece of response) text += piece;
      done(JSON.parse(text));
    }).on('error', failed);
  });
}

function serve(request, response) {
  const { pathname } = new URL(request.url, issuer);
  if (pathname.startsWith('/control/')) return control(pathname.slice('/control/'.length), request, response);
  const place = PATHS[pathname];
  if (place) {
    counts[place] += 1;
    open[place] = (open[place] ?? 0) + 1;
    response.once('close', () => { open[place] -= 1; });
    const fault = faults[place];
    if (fault?.times !== undefined && (fault.times -= 1) <= 0) delete faults[place];
    if (fault) return answer(fault, response, () => document(pathname));
  }
  return callback(request, response);
}

const tls = options.certificate && { cert: fs.readFileSync(options.certificate), key: fs.readFileSync(options.key) };
const listen = (serves, port) => {
  const made = tls ? https.createServer(tls, serves) : http.createServer(serves);
  return new Promise((done) => { made.listen(port, '127.0.0.1', () => done(made)); });
};
const inner = await listen((request, response) => callback(request, response), 0);
const server = await listen(serve, options.port ?? 0);
const { port } = server.address();
issuer = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
reset();
keys = newKeys();
rebuild();
console.log(JSON.stringify({ issuer, port }));
process.stdin.on('end', () => process.exit(0)).resume();
