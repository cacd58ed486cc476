// What the provider keeps, in this process: it outlives the Provider objects, of which each rotation makes a new one.

const kept = new Map(); // "Model:id" -> { payload, expires }

export const clients = new Map(); // client_id -> metadata; what is not here is no client

export class Adapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    kept.set(this.key(id), { payload, expires: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
  }

  async find(id) {
    if (this.model === 'Client') return clients.get(id);
    const one = kept.get(this.key(id));
    return one && one.expires > Date.now() ? one.payload : undefined;
  }

  async findBy(name, value) {
    for (const [key, one] of kept) {
      if (key.startsWith(`${this.model}:`) && one.payload[name] === value && one.expires > Date.now()) return one.payload;
    }
    return undefined;
  }

  findByUid(uid) {
    return this.findBy('uid', uid);
  }

  findByUserCode(userCode) {
    return this.findBy('userCode', userCode);
  }

  async consume(id) {
    const one = kept.get(this.key(id));
    if (one) one.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    kept.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, one] of kept) {
      if (one.payload.grantId === grantId) kept.delete(key);
    }
  }
}
